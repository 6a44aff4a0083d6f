_core_reloc() {
    local current="$2" previous="$3" command="" options="" at
    COMPREPLY=()
    # In `--option=value`, the equals sign is a word.
    if [[ "$current" == "=" ]]; then
        current=""
    elif [[ "$previous" == "=" ]]; then
        previous="${COMP_WORDS[COMP_CWORD-2]}"
    fi
    for ((at = 1; at < COMP_CWORD; at++)); do
        if [[ "${COMP_WORDS[at]}" != -* ]]; then
            command="${COMP_WORDS[at]}"
            break
        fi
    done
    case "$command" in
        "") options="-h --help -V --version" ;;
        relocate) options="--target --kernel --module -o --output --in-place --unresolved -q --quiet --format -h --help" ;;
        inspect) options="--format -h --help" ;;
        explain) options="--target --kernel --module --program --type --status --all --format -h --help" ;;
        check) options="--target --module --symbols --config --lint --shard --baseline --write-baseline --html --explain --ranges -q --quiet --format --source-root -h --help" ;;
        merge) options="--baseline --write-baseline --html --explain --ranges -q --quiet --format --source-root -h --help" ;;
        blame) options="--log --target --kernel --module --program --format -h --help" ;;
        query) options="--target --kernel --module --format -h --help" ;;
        dump) options="--for --target --kernel --module --format -h --help" ;;
        diff) options="--for --old-kernel --new-kernel --module --all --format -h --help" ;;
        minimize) options="--target --module --keep-verdicts -o --output --store --since -q --quiet --format -h --help" ;;
        store) options="-h --help" ;;
        support) options="--format -h --help" ;;
        help) options="" ;;
    esac
    if [[ "$command" == "" || "$command" == help ]]; then
        options+=" relocate inspect explain check merge blame query dump diff minimize store support help"
    elif [[ "$current" != -* ]]; then
        # Where a file is wanted there is no answer: readline then completes the names of files.
        case "$command $previous" in
            "relocate --target") return ;;
            "relocate --kernel") compopt +o bashdefault +o default; return ;;
            "relocate --module") return ;;
            "relocate -o" | "relocate --output") return ;;
            "relocate --unresolved") options="poison error keep" ;;
            "relocate --format") options="text json" ;;
            "relocate "*) return ;;
            "inspect --format") options="text json" ;;
            "inspect "*) return ;;
            "explain --target") return ;;
            "explain --kernel") compopt +o bashdefault +o default; return ;;
            "explain --module") return ;;
            "explain --program") compopt +o bashdefault +o default; return ;;
            "explain --type") compopt +o bashdefault +o default; return ;;
            "explain --status") options="relocated poisoned failed skipped" ;;
            "explain --format") options="text json" ;;
            "explain "*) return ;;
            "check --target") return ;;
            "check --module") return ;;
            "check --symbols") return ;;
            "check --config") return ;;
            "check --shard") compopt +o bashdefault +o default; return ;;
            "check --baseline") return ;;
            "check --write-baseline") return ;;
            "check --html") return ;;
            "check --format") options="text json github sarif junit" ;;
            "check --source-root") return ;;
            "check "*) return ;;
            "merge --baseline") return ;;
            "merge --write-baseline") return ;;
            "merge --html") return ;;
            "merge --format") options="text json github sarif junit" ;;
            "merge --source-root") return ;;
            "merge "*) return ;;
            "blame --log") return ;;
            "blame --target") return ;;
            "blame --kernel") compopt +o bashdefault +o default; return ;;
            "blame --module") return ;;
            "blame --program") compopt +o bashdefault +o default; return ;;
            "blame --format") options="text json" ;;
            "blame "*) return ;;
            "query --target") return ;;
            "query --kernel") compopt +o bashdefault +o default; return ;;
            "query --module") return ;;
            "query --format") options="text json" ;;
            "query "*) compopt +o bashdefault +o default; return ;;
            "dump --for") return ;;
            "dump --target") return ;;
            "dump --kernel") compopt +o bashdefault +o default; return ;;
            "dump --module") return ;;
            "dump --format") options="text json c" ;;
            "dump "*) compopt +o bashdefault +o default; return ;;
            "diff --for") return ;;
            "diff --old-kernel") compopt +o bashdefault +o default; return ;;
            "diff --new-kernel") compopt +o bashdefault +o default; return ;;
            "diff --module") return ;;
            "diff --format") options="text json" ;;
            "diff "*) return ;;
            "minimize --target") return ;;
            "minimize --module") return ;;
            "minimize -o" | "minimize --output") return ;;
            "minimize --store") return ;;
            "minimize --since") return ;;
            "minimize --format") options="text json" ;;
            "minimize "*) return ;;
            "support --format") options="text json" ;;
        esac
    fi
    COMPREPLY=($(compgen -W "$options" -- "$current"))
}

complete -o bashdefault -o default -F _core_reloc core-reloc
