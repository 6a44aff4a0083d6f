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
complete -c core-reloc -n "__fish_core_reloc_needs_command" -f -a "relocate" -d 'Resolves every relocation of an object and says what became of it'
complete -c core-reloc -n "__fish_core_reloc_needs_command" -f -a "inspect" -d 'Lists the relocations of an object, without any target'
complete -c core-reloc -n "__fish_core_reloc_needs_command" -f -a "explain" -d 'Says of every relocation what it resolved to, and if it did not, why, and what may cure it'
complete -c core-reloc -n "__fish_core_reloc_needs_command" -f -a "check" -d 'Says what becomes of objects on many kernels, and where they break'
complete -c core-reloc -n "__fish_core_reloc_needs_command" -f -a "blame" -d 'Says which relocation poisoned the instruction that a verifier log complains of, and why'
complete -c core-reloc -n "__fish_core_reloc_needs_command" -f -a "query" -d 'Says where a field is, how large it is, and how it is loaded; or what an enumerator\'s value is'
complete -c core-reloc -n "__fish_core_reloc_needs_command" -f -a "dump" -d 'Prints types as C defines them, with the offsets and sizes of their members'
complete -c core-reloc -n "__fish_core_reloc_needs_command" -f -a "minimize" -d 'Makes the least BTF with which objects relocate as with a kernel\'s whole one'
complete -c core-reloc -n "__fish_core_reloc_needs_command" -f -a "support" -d 'Says whether the running kernel\'s types are known, and from where'
complete -c core-reloc -n "__fish_core_reloc_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand relocate" -l target -d 'The kernel\'s types: raw BTF, an ELF file with a .BTF section such as vmlinux, a kernel image such as vmlinuz, any of these compressed, or a tar archive of one, such as BTFHub\'s [default: the running kernel]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand relocate" -l module -d 'A module\'s types, for what the kernel itself does not have: raw BTF, or a .ko file, also compressed; may be given several times [default: the running kernel\'s modules, if that is the target]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand relocate" -s o -l output -d 'Write the object with patched code and without relocation records, if none failed' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand relocate" -l unresolved -d 'What becomes of an instruction whose relocation finds nothing in the target' -r -f -a "poison\t'Make it one that the verifier refuses if it can be reached'
error\t'The relocation fails'
keep\t'Leave it as it is'"
complete -c core-reloc -n "__fish_core_reloc_using_subcommand relocate" -l format -d 'How to print what was found' -r -f -a "text\t'For people'
json\t'For programs: one JSON object a line'"
complete -c core-reloc -n "__fish_core_reloc_using_subcommand relocate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand inspect" -l format -d 'How to print what was found' -r -f -a "text\t'For people'
json\t'For programs: one JSON object a line'"
complete -c core-reloc -n "__fish_core_reloc_using_subcommand inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand explain" -l target -d 'The kernel\'s types: raw BTF, an ELF file with a .BTF section such as vmlinux, a kernel image such as vmlinuz, any of these compressed, or a tar archive of one, such as BTFHub\'s [default: the running kernel]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand explain" -l module -d 'A module\'s types, for what the kernel itself does not have: raw BTF, or a .ko file, also compressed; may be given several times [default: the running kernel\'s modules, if that is the target]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand explain" -l program -d 'Only the relocations of this function, or of the functions in this section' -r
complete -c core-reloc -n "__fish_core_reloc_using_subcommand explain" -l type -d 'Only the relocations of this root type; its flavors are included' -r
complete -c core-reloc -n "__fish_core_reloc_using_subcommand explain" -l status -d 'Only the relocations that came out so' -r -f -a "relocated\t'The instruction holds the target\'s value'
poisoned\t'The target does not have what it asks for'
failed\t'It is broken, or ambiguous'
skipped\t'The instruction is part of no function'"
complete -c core-reloc -n "__fish_core_reloc_using_subcommand explain" -l format -d 'How to print what was found' -r -f -a "text\t'For people'
json\t'For programs: one JSON object a line'"
complete -c core-reloc -n "__fish_core_reloc_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand check" -l target -d 'Kernels: a file of any sort that relocate takes, or a folder or archive of such files; may be given several times [default: the running kernel with its modules]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand check" -l baseline -d 'Problems that are known, as --write-baseline writes them' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand check" -l write-baseline -d 'Write all problems to a file, and accept them' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand check" -l html -d 'Write a page to look at in a browser; it needs nothing but itself' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand check" -l format -d 'How to print what was found' -r -f -a "text\t'For people'
json\t'For programs: one JSON object a line'"
complete -c core-reloc -n "__fish_core_reloc_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand blame" -l log -d 'The verifier\'s log, as any loader prints it; - for standard input' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand blame" -l target -d 'The kernel\'s types: raw BTF, an ELF file with a .BTF section such as vmlinux, a kernel image such as vmlinuz, any of these compressed, or a tar archive of one, such as BTFHub\'s [default: the running kernel]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand blame" -l module -d 'A module\'s types, for what the kernel itself does not have: raw BTF, or a .ko file, also compressed; may be given several times [default: the running kernel\'s modules, if that is the target]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand blame" -l program -d 'Only the relocations of this function, or of the functions in this section' -r
complete -c core-reloc -n "__fish_core_reloc_using_subcommand blame" -l format -d 'How to print what was found' -r -f -a "text\t'For people'
json\t'For programs: one JSON object a line'"
complete -c core-reloc -n "__fish_core_reloc_using_subcommand blame" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand query" -l target -d 'The types of a kernel, in a file of any sort that relocate takes; or a folder or archive of such files; may be given several times, to see how an answer changed [default: the running kernel]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand query" -l module -d 'A module\'s types, for what the kernel itself does not have, with at most one target; may be given several times [default: the running kernel\'s modules, if that is the target]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand query" -l format -d 'How to print what was found' -r -f -a "text\t'For people'
json\t'For programs: one JSON object a line'"
complete -c core-reloc -n "__fish_core_reloc_using_subcommand query" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand dump" -l target -d 'The kernel\'s types: raw BTF, an ELF file with a .BTF section such as vmlinux, a kernel image such as vmlinuz, any of these compressed, or a tar archive of one, such as BTFHub\'s [default: the running kernel]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand dump" -l module -d 'A module\'s types, for what the kernel itself does not have: raw BTF, or a .ko file, also compressed; may be given several times [default: the running kernel\'s modules, if that is the target]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand dump" -l format -d 'How to print what was found' -r -f -a "text\t'For people'
json\t'For programs: one JSON object a line'"
complete -c core-reloc -n "__fish_core_reloc_using_subcommand dump" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand minimize" -l target -d 'The kernel\'s types, in a file of any sort that relocate takes; or a folder or archive of such files [default: the running kernel]' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand minimize" -l module -d 'A module\'s types, which are minimised too; may be given several times' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand minimize" -s o -l output -d 'Where to write: a file for one kernel, a new folder for several, or NAME.tar.xz' -r -F
complete -c core-reloc -n "__fish_core_reloc_using_subcommand minimize" -l format -d 'How to print what was found' -r -f -a "text\t'For people'
json\t'For programs: one JSON object a line'"
complete -c core-reloc -n "__fish_core_reloc_using_subcommand minimize" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand support" -l format -d 'How to print what was found' -r -f -a "text\t'For people'
json\t'For programs: one JSON object a line'"
complete -c core-reloc -n "__fish_core_reloc_using_subcommand support" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand help; and not __fish_seen_subcommand_from relocate inspect explain check blame query dump minimize support help" -f -a "relocate" -d 'Resolves every relocation of an object and says what became of it'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand help; and not __fish_seen_subcommand_from relocate inspect explain check blame query dump minimize support help" -f -a "inspect" -d 'Lists the relocations of an object, without any target'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand help; and not __fish_seen_subcommand_from relocate inspect explain check blame query dump minimize support help" -f -a "explain" -d 'Says of every relocation what it resolved to, and if it did not, why, and what may cure it'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand help; and not __fish_seen_subcommand_from relocate inspect explain check blame query dump minimize support help" -f -a "check" -d 'Says what becomes of objects on many kernels, and where they break'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand help; and not __fish_seen_subcommand_from relocate inspect explain check blame query dump minimize support help" -f -a "blame" -d 'Says which relocation poisoned the instruction that a verifier log complains of, and why'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand help; and not __fish_seen_subcommand_from relocate inspect explain check blame query dump minimize support help" -f -a "query" -d 'Says where a field is, how large it is, and how it is loaded; or what an enumerator\'s value is'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand help; and not __fish_seen_subcommand_from relocate inspect explain check blame query dump minimize support help" -f -a "dump" -d 'Prints types as C defines them, with the offsets and sizes of their members'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand help; and not __fish_seen_subcommand_from relocate inspect explain check blame query dump minimize support help" -f -a "minimize" -d 'Makes the least BTF with which objects relocate as with a kernel\'s whole one'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand help; and not __fish_seen_subcommand_from relocate inspect explain check blame query dump minimize support help" -f -a "support" -d 'Says whether the running kernel\'s types are known, and from where'
complete -c core-reloc -n "__fish_core_reloc_using_subcommand help; and not __fish_seen_subcommand_from relocate inspect explain check blame query dump minimize support help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
