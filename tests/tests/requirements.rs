//! What objects need, as libbpf reads it.
#![cfg(feature = "libbpf")]

use std::fs;

use core_reloc::elf::{
    Object,
    requirements::{AttachType, ProgramType, SectionName},
};
use core_reloc_tests::{
    data,
    judge::{
        libbpf::object::{self, Map, Program},
        skipped,
    },
};

/// The names in libbpf's table, with what may and what may not follow them.
fn section_names() -> Vec<String> {
    let exact = "socket sk_reuseport/migrate sk_reuseport tc/ingress tc/egress tcx/ingress tcx/egress tc \
                 classifier action netkit/primary netkit/peer syscall xdp.frags/devmap xdp/devmap \
                 xdp.frags/cpumap xdp/cpumap xdp.frags xdp perf_event lwt_in lwt_out lwt_xmit \
                 lwt_seg6local sockops sk_skb/stream_parser sk_skb/stream_verdict sk_skb/verdict sk_skb \
                 sk_msg lirc_mode2 flow_dissector cgroup_skb/ingress cgroup_skb/egress cgroup/skb \
                 cgroup/sock_create cgroup/sock_release cgroup/sock cgroup/post_bind4 cgroup/post_bind6 \
                 cgroup/bind4 cgroup/bind6 cgroup/connect4 cgroup/connect6 cgroup/connect_unix \
                 cgroup/sendmsg4 cgroup/sendmsg6 cgroup/sendmsg_unix cgroup/recvmsg4 cgroup/recvmsg6 \
                 cgroup/recvmsg_unix cgroup/getpeername4 cgroup/getpeername6 cgroup/getpeername_unix \
                 cgroup/getsockname4 cgroup/getsockname6 cgroup/getsockname_unix cgroup/sysctl \
                 cgroup/getsockopt cgroup/setsockopt cgroup/dev sk_lookup netfilter";
    let with_more = "kprobe uprobe uprobe.s kretprobe uretprobe uretprobe.s kprobe.multi kretprobe.multi \
                     kprobe.session uprobe.multi uretprobe.multi uprobe.session uprobe.multi.s \
                     uretprobe.multi.s uprobe.session.s ksyscall kretsyscall usdt usdt.s tracepoint tp \
                     raw_tracepoint raw_tp raw_tracepoint.w raw_tp.w tp_btf fentry fmod_ret fexit \
                     fentry.s fmod_ret.s fexit.s fsession fsession.s freplace lsm lsm.s lsm_cgroup iter \
                     iter.s struct_ops struct_ops.s";
    let known = exact.split_whitespace().chain(with_more.split_whitespace());
    known
        .flat_map(|name| {
            let more = ["", "/", "/name", "/a/b", ".s", "x", "/ingress", ".multi"];
            more.map(|more| format!("{name}{more}"))
        })
        .chain(["", "/", ".text", "license", "maps", "nothing/known", "xd"].map(String::from))
        .collect()
}

#[test]
fn sections_state_the_types_that_libbpf_reads_from_their_names() {
    for name in section_names() {
        let ours = SectionName::parse(name.as_bytes());
        let ours = ours.map(|section| (section.program_type, section.attach_type));
        let expected = object::section_types(&name)
            .map(|(program, attach)| (ProgramType(program), AttachType(attach)));
        // libbpf writes 0 where there is no type of attachment.
        let ours = ours.map(|(program, attach)| (program, attach.unwrap_or(AttachType(0))));
        assert_eq!(ours, expected, "{name}");
    }
}

#[test]
fn programs_and_maps_of_real_objects_are_those_that_libbpf_finds() {
    let objects = data::objects().unwrap();
    if objects.is_empty() {
        skipped("no objects were fetched: run `cargo xtask data`");
    }
    let mut compared = 0;
    for path in objects.into_iter().chain(data::selftests().unwrap()) {
        let bytes = fs::read(&path).unwrap();
        let Ok(judge) = object::Object::open(&bytes) else { continue };
        let object = Object::parse(&bytes).unwrap();
        let found = object.requirements().unwrap();

        let programs = found.programs.iter().map(|program| {
            let section = program.section.to_string();
            let stated = program.stated;
            Program {
                name: program.name.to_string(),
                section: section.trim_start_matches('?').to_string(),
                program_type: stated.map_or(0, |stated| stated.program_type.0),
                attach_type: stated.and_then(|stated| stated.attach_type).map_or(0, |it| it.0),
                autoload: !program.is_optional(),
            }
        });
        let mut programs: Vec<Program> = programs.collect();
        programs.sort();
        let mut expected = judge.programs();
        expected.sort();
        assert_eq!(programs, expected, "{}", path.display());

        let maps = found.maps.iter().map(|map| Map {
            name: map.name.to_string(),
            map_type: map.map_type.0,
            max_entries: map.max_entries,
        });
        let ops = found.struct_ops.iter().map(|ops| Map {
            name: ops.name.to_string(),
            map_type: 26,
            max_entries: 1,
        });
        let mut maps: Vec<Map> = maps.chain(ops).collect();
        maps.sort();
        let mut expected = judge.maps();
        expected.sort();
        assert_eq!(maps, expected, "{}", path.display());
        compared += 1;
    }
    println!("{compared} objects");
}
