#!/bin/sh
# Runs the scripts for Slurm of the guide's chapter about many kernels, with Slurm's own daemons on this machine, and
# compares the merged report with that of a single run. As root, with Debian's packages slurmctld, slurmd,
# slurm-client and munge, and with the program built: tests/slurm.sh target/debug/core-reloc
set -eu
program=$(realpath "$1")
root=$(realpath "$(dirname "$0")/..")
guide=$root/crates/core-reloc/guide/fleet.md
work=$(mktemp -d)
host=$(hostname -s)

stop() {
  for daemon in slurmd slurmctld munged; do
    if [ -f "$work/$daemon.pid" ]; then kill "$(cat "$work/$daemon.pid")" || true; fi
  done
  rm -rf "$work"
}
trap stop EXIT

cat > "$work/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
CredType=cred/munge
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/builtin
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
SlurmctldPort=16817
SlurmdPort=16818
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=$host Default=YES State=UP
CONF
mkdir "$work/munge" "$work/state" "$work/spool"
head -c 1024 /dev/urandom > "$work/munge.key"
chmod 600 "$work/munge.key"
chmod 711 "$work"
/usr/sbin/munged --key-file="$work/munge.key" --socket="$work/munge/socket" --pid-file="$work/munged.pid" \
  --log-file="$work/munged.log" --seed-file="$work/munge.seed"
export SLURM_CONF="$work/slurm.conf" PATH="$(dirname "$program"):$PATH"
slurmctld
slurmd

# The scripts of the chapter: the blocks of its section.
section=$(sed -n '/^## Slurm/,/^## GitHub/p' "$guide")
mkdir "$work/run" && cd "$work/run"
echo "$section" | awk -v folder="$work/run" '
  /^```sh/ { number++; inside = 1; next }
  /^```/ { inside = 0; next }
  inside { print > (folder "/block-" number) }'
mv block-1 shard.sbatch
cp -r "$root/fixtures/verdicts" build
mkdir kernels
for kernel in "$root"/tests/kernels/*/types.btf.xz; do
  cp "$kernel" "kernels/$(basename "$(dirname "$kernel")").btf.xz"
done
cp "$root"/fixtures/btf/*.le.btf kernels/

sh -eu block-2
# Ends once no job is left.
while squeue --noheader | grep -q .; do sleep 0.2; done
"$program" check build --target kernels --html whole.html > whole.txt || [ $? -eq 1 ]
cmp whole.html fleet.html
# The job's output has warnings and the report.
"$program" merge shards/*.json > merged-again.txt || [ $? -eq 1 ]
cmp whole.txt merged-again.txt
echo "$(ls shards/*.json | wc -l) tasks of Slurm $(slurmd -V | cut -d' ' -f2), merged: the same as one run"
