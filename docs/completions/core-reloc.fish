# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_core_reloc_global_optspecs
    string join \n h/help V/version
end

function __fish_core_reloc_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_core_reloc_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_core_reloc_using_subcommand
    set -l cmd (__fish_core_reloc_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c core-reloc -n "__fish_core_reloc_needs_command" -s h -l help -d 'Print help'
complete -c core-reloc -n "__fish_core_reloc_needs_command" -s V -l version -d 'Print version'
complete -c core-reloc -n "__fish_core_reloc_needs_command" -f -a "relocate" -d 'Relocate an object and report each relocation'
complete -c core-reloc -n "__fish_core_reloc_needs_command" -f -a "inspect" -d 'List what an object asks for; no target is needed'
complete -c core-reloc -n "__fish_core_reloc_needs_command" -f -a "explain" -d 'Explain how each relocation resolves, or why it does not and how to fix it'
complete -c core-reloc -n "__fish_core_reloc_needs_command" -f -a "check" -d 'Check objects for many kernels, and report where they would fail'
complete -c core-reloc -n "__fish_core_reloc_needs_command" -f -a "merge" -d 'Merge the reports of the shards of a check, as if one machine had checked all kernels'
complete -c core-reloc -n "__fish_core_reloc_needs_command" -f -a "blame" -d 'Find the relocation that a verifier log complains about, and explain it'
complete -c core-reloc -n "__fish_core_reloc_needs_command" -f -a "query" -d 'Show the offset, size and type of a field, or the value of an enumerator'
complete -c core-reloc -n "__fish_core_reloc_needs_command" -f -a "dump" -d 'Print types as C definitions, with the offsets and sizes of their members, or as a header'
complete -c core-reloc -n "__fish_core_reloc_needs_command" -f -a "diff" -d 'Show what differs between the types of two kernels'
complete -c core-reloc -n "__fish_core_reloc_needs_command" -f -a "minimize" -d 'Write the smallest BTF that relocates objects exactly as a kernel\'s full BTF does'
complete -c core-reloc -n "__fish_core_reloc_needs_command" -f -a "store" -d 'Make, list and change stores: the types of many kernels in one file'
complete -c core-reloc -n "__fish_core_reloc_needs_command" -f -a "support" -d 'Report whether the running kernel supports CO-RE, and where its BTF is'
complete -c core-reloc -n "__fish_core_reloc_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand relocate" -l target -d 'The kernel: raw BTF, an ELF file with a .BTF section such as vmlinux, a kernel image such as vmlinuz, any of these compressed, or an archive, folder or store of kernels, of which --kernel names one if there are several [default: the running kernel]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand relocate" -l kernel -d 'The kernel of several in the target: its release, or the end of its name with folders, as store list prints it: debian/12/amd64/6.1.0-50-amd64' -r -f
complete -c core-reloc -n "__fish_core_reloc_using_subcommand relocate" -l module -d 'The BTF of a module, searched for types that the kernel itself lacks: raw BTF or a .ko file, also compressed, or the name of a module that is in the store, or beside the kernel; may be repeated [default: the running kernel\'s modules, if that kernel is the target]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand relocate" -s o -l output -d 'Write the object with patched code and no relocation records, unless a relocation failed' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand relocate" -l unresolved -d 'What to do with an instruction whose relocation finds no match in the target' -r -f -a "poison\t'Replace it with one that the verifier rejects if it can be reached'
error\t'Fail the relocation'
keep\t'Leave it unchanged'"
complete -c core-reloc -n "__fish_core_reloc_using_subcommand relocate" -l format -d 'The output format' -r -f -a "text\t'Text for people'
json\t'JSON for programs: one object per line'"
complete -c core-reloc -n "__fish_core_reloc_using_subcommand relocate" -l in-place -d 'Write to the object\'s own file, which -o alone refuses'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand relocate" -s q -l quiet -d 'Print no report, only errors and warnings'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand relocate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand inspect" -l format -d 'The output format' -r -f -a "text\t'Text for people'
json\t'JSON for programs: one object per line'"
complete -c core-reloc -n "__fish_core_reloc_using_subcommand inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand explain" -l target -d 'The kernel: raw BTF, an ELF file with a .BTF section such as vmlinux, a kernel image such as vmlinuz, any of these compressed, or an archive, folder or store of kernels, of which --kernel names one if there are several [default: the running kernel]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand explain" -l kernel -d 'The kernel of several in the target: its release, or the end of its name with folders, as store list prints it: debian/12/amd64/6.1.0-50-amd64' -r -f
complete -c core-reloc -n "__fish_core_reloc_using_subcommand explain" -l module -d 'The BTF of a module, searched for types that the kernel itself lacks: raw BTF or a .ko file, also compressed, or the name of a module that is in the store, or beside the kernel; may be repeated [default: the running kernel\'s modules, if that kernel is the target]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand explain" -l program -d 'Only explain the relocations of this function, or of the functions in this section' -r -f
complete -c core-reloc -n "__fish_core_reloc_using_subcommand explain" -l type -d 'Only explain the relocations of this root type and its flavors' -r -f
complete -c core-reloc -n "__fish_core_reloc_using_subcommand explain" -l status -d 'Only explain the relocations with one of these results, separated by commas; may be repeated' -r -f -a "relocated\t'The instruction holds the target\'s value'
poisoned\t'The target lacks what the relocation asks for'
failed\t'The relocation is invalid or ambiguous'
skipped\t'The instruction is not part of a function'"
complete -c core-reloc -n "__fish_core_reloc_using_subcommand explain" -l format -d 'The output format' -r -f -a "text\t'Text for people'
json\t'JSON for programs: one object per line'"
complete -c core-reloc -n "__fish_core_reloc_using_subcommand explain" -l all -d 'Explain the relocations that are ok, too'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand check" -l target -d 'The kernels: a file in any format that relocate reads, or a folder or archive of such files, in which their modules are found, too; may be repeated [default: the running kernel with its modules]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand check" -l module -d 'The BTF of a module, in addition to those that are found with the kernels: raw BTF or a .ko file, also compressed; of several kernels, it is used for those that it was built for; may be repeated' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand check" -l symbols -d 'The symbols of a kernel, to which kprobes attach: a System.map, or a copy of /proc/kallsyms; of several kernels, the one of the release in the name of FILE [default: System.map-RELEASE beside vmlinuz-RELEASE; /proc/kallsyms for the running kernel]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand check" -l config -d 'The configuration of a kernel, also compressed; of several kernels, the one of the release in the name of FILE [default: config-RELEASE beside vmlinuz-RELEASE; /proc/config.gz or /boot/config-RELEASE for the running kernel]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand check" -l shard -d 'Check only the I-th of N parts of the kernels, and write a report that `core-reloc merge` puts together with those of the other parts; needs --target and --format json' -r -f
complete -c core-reloc -n "__fish_core_reloc_using_subcommand check" -l baseline -d 'Accept the known problems in this file, which --write-baseline wrote, and print only the others' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand check" -l write-baseline -d 'Accept all current problems and write them to this file, which may only be an earlier one' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand check" -l html -d 'Write the results as a self-contained page for a browser; FILE may only be an earlier page' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand check" -l format -d 'The output format' -r -f -a "text\t'Text for people'
json\t'JSON for programs: one object per line'
github\t'Annotations for GitHub Actions: workflow commands that show each cause at its line'
sarif\t'SARIF 2.1.0, for code scanning and editors: a result for each cause'
junit\t'JUnit XML, for the test reports of CI systems: a test case for each program on each kernel'"
complete -c core-reloc -n "__fish_core_reloc_using_subcommand check" -l source-root -d 'The folder that the paths of sources in the objects start from, for github and sarif [default: the current folder]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand check" -l lint -d 'Report what is wrong with the objects on any kernel; no target is needed'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand check" -l explain -d 'Print the relocations behind each cause'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand check" -l ranges -d 'List the versions of kernels on which each program loads, also if there are only a few kernels'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand check" -s q -l quiet -d 'Print no report, only errors and warnings'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand merge" -l baseline -d 'Accept the known problems in this file, which --write-baseline wrote, and print only the others' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand merge" -l write-baseline -d 'Accept all current problems and write them to this file, which may only be an earlier one' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand merge" -l html -d 'Write the results as a self-contained page for a browser; FILE may only be an earlier page' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand merge" -l format -d 'The output format' -r -f -a "text\t'Text for people'
json\t'JSON for programs: one object per line'
github\t'Annotations for GitHub Actions: workflow commands that show each cause at its line'
sarif\t'SARIF 2.1.0, for code scanning and editors: a result for each cause'
junit\t'JUnit XML, for the test reports of CI systems: a test case for each program on each kernel'"
complete -c core-reloc -n "__fish_core_reloc_using_subcommand merge" -l source-root -d 'The folder that the paths of sources in the objects start from, for github and sarif [default: the current folder]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand merge" -l explain -d 'Print the relocations behind each cause'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand merge" -l ranges -d 'List the versions of kernels on which each program loads, also if there are only a few kernels'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand merge" -s q -l quiet -d 'Print no report, only errors and warnings'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand merge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand blame" -l log -d 'The verifier\'s log, as printed by any loader' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand blame" -l target -d 'The kernel: raw BTF, an ELF file with a .BTF section such as vmlinux, a kernel image such as vmlinuz, any of these compressed, or an archive, folder or store of kernels, of which --kernel names one if there are several [default: the running kernel]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand blame" -l kernel -d 'The kernel of several in the target: its release, or the end of its name with folders, as store list prints it: debian/12/amd64/6.1.0-50-amd64' -r -f
complete -c core-reloc -n "__fish_core_reloc_using_subcommand blame" -l module -d 'The BTF of a module, searched for types that the kernel itself lacks: raw BTF or a .ko file, also compressed, or the name of a module that is in the store, or beside the kernel; may be repeated [default: the running kernel\'s modules, if that kernel is the target]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand blame" -l program -d 'Only consider the relocations of this function, or of the functions in this section' -r -f
complete -c core-reloc -n "__fish_core_reloc_using_subcommand blame" -l format -d 'The output format' -r -f -a "text\t'Text for people'
json\t'JSON for programs: one object per line'"
complete -c core-reloc -n "__fish_core_reloc_using_subcommand blame" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand query" -l target -d 'The kernels: a file in any format that relocate reads, or a folder or archive of such files; may be repeated to compare kernels [default: the running kernel]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand query" -l kernel -d 'The only kernel to ask of those in a target: its release, or the end of its name with folders, as store list prints it: debian/12/amd64/6.1.0-50-amd64' -r -f
complete -c core-reloc -n "__fish_core_reloc_using_subcommand query" -l module -d 'The BTF of a module, searched for what the kernel itself lacks, or the name of a module that is in the store, or beside the kernel; needs a single target; may be repeated [default: the running kernel\'s modules, if that kernel is the target]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand query" -l format -d 'The output format' -r -f -a "text\t'Text for people'
json\t'JSON for programs: one object per line'"
complete -c core-reloc -n "__fish_core_reloc_using_subcommand query" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand dump" -l for -d 'Print the types of the kernel that this BPF object uses' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand dump" -l target -d 'The kernel: raw BTF, an ELF file with a .BTF section such as vmlinux, a kernel image such as vmlinuz, any of these compressed, or an archive, folder or store of kernels, of which --kernel names one if there are several [default: the running kernel]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand dump" -l kernel -d 'The kernel of several in the target: its release, or the end of its name with folders, as store list prints it: debian/12/amd64/6.1.0-50-amd64' -r -f
complete -c core-reloc -n "__fish_core_reloc_using_subcommand dump" -l module -d 'The BTF of a module, searched for types that the kernel itself lacks: raw BTF or a .ko file, also compressed, or the name of a module that is in the store, or beside the kernel; may be repeated [default: the running kernel\'s modules, if that kernel is the target]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand dump" -l format -d 'The output format' -r -f -a "text\t'Definitions for people, with offsets and sizes'
json\t'JSON for programs: one object per line'
c\t'A header for BPF programs: a vmlinux.h'"
complete -c core-reloc -n "__fish_core_reloc_using_subcommand dump" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand diff" -l for -d 'Only compare the types that this BPF object uses, or all in a folder; may be repeated, and names add to them' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand diff" -l old-kernel -d 'The kernel of several in OLD: its release, or the end of its name with folders, as store list prints it: debian/12/amd64/6.1.0-50-amd64' -r -f
complete -c core-reloc -n "__fish_core_reloc_using_subcommand diff" -l new-kernel -d 'The kernel of several in NEW' -r -f
complete -c core-reloc -n "__fish_core_reloc_using_subcommand diff" -l module -d 'The BTF of a module, whose types are compared too: raw BTF or a .ko file, also compressed, which is used for the kernel that it was built for; or the name of a module that is in the store, or beside the kernel; may be repeated' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand diff" -l format -d 'The output format' -r -f -a "text\t'Text for people'
json\t'JSON for programs: one object per line'"
complete -c core-reloc -n "__fish_core_reloc_using_subcommand diff" -l all -d 'List each member that was moved, not one line for several that were moved by the same distance'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand minimize" -l target -d 'The kernel: a file in any format that relocate reads, or a folder or archive of such files [default: the running kernel]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand minimize" -l module -d 'The BTF of a module, which is minimized too; may be repeated' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand minimize" -s o -l output -d 'The output: a file for one kernel, a new folder for several, or NAME.tar.xz for an archive' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand minimize" -l store -d 'Write a store instead: one small file with the types of all kernels, which agents ship' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand minimize" -l since -d 'Take kernels whose files have not changed from the archive or folder that an earlier run with --since wrote; if there is none yet, minimize all. The archive may be the output, which is the same as that of a run over all kernels' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand minimize" -l format -d 'The output format' -r -f -a "text\t'Text for people'
json\t'JSON for programs: one object per line'"
complete -c core-reloc -n "__fish_core_reloc_using_subcommand minimize" -l keep-verdicts -d 'Also keep what check asks for besides relocations, such as the functions that programs attach to, so that its verdicts are those for the full BTF'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand minimize" -s q -l quiet -d 'Print no report, only errors and warnings'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand minimize" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand store; and not __fish_seen_subcommand_from add list extract merge remove help" -s h -l help -d 'Print help'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand store; and not __fish_seen_subcommand_from add list extract merge remove help" -f -a "add" -d 'Add kernels with their modules to a store, which is made if there is none'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand store; and not __fish_seen_subcommand_from add list extract merge remove help" -f -a "list" -d 'List the kernels of a store'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand store; and not __fish_seen_subcommand_from add list extract merge remove help" -f -a "extract" -d 'Write the BTF of one kernel, or of one of its modules'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand store; and not __fish_seen_subcommand_from add list extract merge remove help" -f -a "merge" -d 'Merge stores'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand store; and not __fish_seen_subcommand_from add list extract merge remove help" -f -a "remove" -d 'Remove kernels from a store, and print their names'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand store; and not __fish_seen_subcommand_from add list extract merge remove help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand store; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand store; and __fish_seen_subcommand_from list" -l format -d 'The output format' -r -f -a "text\t'Text for people'
json\t'JSON for programs: one object per line'"
complete -c core-reloc -n "__fish_core_reloc_using_subcommand store; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand store; and __fish_seen_subcommand_from extract" -l module -d 'The module whose split BTF is written; its base is the kernel\'s BTF that this command writes' -r
complete -c core-reloc -n "__fish_core_reloc_using_subcommand store; and __fish_seen_subcommand_from extract" -s o -l output -d 'The output' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand store; and __fish_seen_subcommand_from extract" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand store; and __fish_seen_subcommand_from merge" -s o -l output -d 'The output, which may only replace a store' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand store; and __fish_seen_subcommand_from merge" -s h -l help -d 'Print help'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand store; and __fish_seen_subcommand_from remove" -l release -d 'The releases: \'5.4.*\'' -r
complete -c core-reloc -n "__fish_core_reloc_using_subcommand store; and __fish_seen_subcommand_from remove" -l distribution -d 'The distributions: \'debian/10\', \'*/sid\'' -r
complete -c core-reloc -n "__fish_core_reloc_using_subcommand store; and __fish_seen_subcommand_from remove" -l architecture -d 'The architectures: \'arm64\'' -r
complete -c core-reloc -n "__fish_core_reloc_using_subcommand store; and __fish_seen_subcommand_from remove" -l dry-run -d 'Only print the names'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand store; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand store; and __fish_seen_subcommand_from help" -f -a "add" -d 'Add kernels with their modules to a store, which is made if there is none'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand store; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the kernels of a store'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand store; and __fish_seen_subcommand_from help" -f -a "extract" -d 'Write the BTF of one kernel, or of one of its modules'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand store; and __fish_seen_subcommand_from help" -f -a "merge" -d 'Merge stores'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand store; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Remove kernels from a store, and print their names'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand store; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand support" -l format -d 'The output format' -r -f -a "text\t'Text for people'
json\t'JSON for programs: one object per line'"
complete -c core-reloc -n "__fish_core_reloc_using_subcommand support" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand help; and not __fish_seen_subcommand_from relocate inspect explain check merge blame query dump diff minimize store support" -f -a "relocate" -d 'Relocate an object and report each relocation'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand help; and not __fish_seen_subcommand_from relocate inspect explain check merge blame query dump diff minimize store support" -f -a "inspect" -d 'List what an object asks for; no target is needed'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand help; and not __fish_seen_subcommand_from relocate inspect explain check merge blame query dump diff minimize store support" -f -a "explain" -d 'Explain how each relocation resolves, or why it does not and how to fix it'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand help; and not __fish_seen_subcommand_from relocate inspect explain check merge blame query dump diff minimize store support" -f -a "check" -d 'Check objects for many kernels, and report where they would fail'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand help; and not __fish_seen_subcommand_from relocate inspect explain check merge blame query dump diff minimize store support" -f -a "merge" -d 'Merge the reports of the shards of a check, as if one machine had checked all kernels'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand help; and not __fish_seen_subcommand_from relocate inspect explain check merge blame query dump diff minimize store support" -f -a "blame" -d 'Find the relocation that a verifier log complains about, and explain it'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand help; and not __fish_seen_subcommand_from relocate inspect explain check merge blame query dump diff minimize store support" -f -a "query" -d 'Show the offset, size and type of a field, or the value of an enumerator'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand help; and not __fish_seen_subcommand_from relocate inspect explain check merge blame query dump diff minimize store support" -f -a "dump" -d 'Print types as C definitions, with the offsets and sizes of their members, or as a header'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand help; and not __fish_seen_subcommand_from relocate inspect explain check merge blame query dump diff minimize store support" -f -a "diff" -d 'Show what differs between the types of two kernels'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand help; and not __fish_seen_subcommand_from relocate inspect explain check merge blame query dump diff minimize store support" -f -a "minimize" -d 'Write the smallest BTF that relocates objects exactly as a kernel\'s full BTF does'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand help; and not __fish_seen_subcommand_from relocate inspect explain check merge blame query dump diff minimize store support" -f -a "store" -d 'Make, list and change stores: the types of many kernels in one file'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand help; and not __fish_seen_subcommand_from relocate inspect explain check merge blame query dump diff minimize store support" -f -a "support" -d 'Report whether the running kernel supports CO-RE, and where its BTF is'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand help; and not __fish_seen_subcommand_from relocate inspect explain check merge blame query dump diff minimize store support" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand query" -f
complete -c core-reloc -n "__fish_core_reloc_using_subcommand dump" -f
complete -c core-reloc -n "__fish_core_reloc_using_subcommand store" -f
complete -c core-reloc -n "__fish_core_reloc_using_subcommand support" -f
complete -c core-reloc -n "__fish_core_reloc_using_subcommand help" -f
