//! The names of program sections: what `SEC("…")` states.
//!
//! Follows libbpf's table `section_defs` and `sec_def_matches` (BSD-2-Clause option).

use btf_types::Name;

use super::constants::{AttachType as A, ProgramType as P};

/// What the name of a program's section states.
///
/// ```
/// use core_reloc::elf::requirements::{AttachType, Hook, ProgramType, SectionName};
///
/// let section = SectionName::parse(b"?fentry.s/tcp_v4_connect").expect("libbpf knows it");
/// assert!(section.is_optional && section.is_sleepable);
/// assert_eq!(section.program_type, ProgramType::TRACING);
/// assert_eq!(section.attach_type, Some(AttachType::TRACE_FENTRY));
/// assert!(matches!(section.hook, Hook::Function { name, module: None } if name == "tcp_v4_connect"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SectionName<'a> {
    /// Whether the name starts with `?`: loaders skip the program unless user space asks for it.
    pub is_optional: bool,
    /// The type of the program.
    pub program_type: P,
    /// The type of attachment that the kernel gets when the program is loaded, if there is one.
    pub attach_type: Option<A>,
    /// Whether the program may sleep.
    pub is_sleepable: bool,
    /// What the program attaches to.
    pub hook: Hook<'a>,
}

/// What a program attaches to, as far as its section names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hook<'a> {
    /// Nothing in the kernel's code: a socket, a cgroup, a network device, or nothing at all.
    Nowhere,
    /// User space must name it: the section has the type alone, as in `SEC("fentry")`.
    Unnamed,
    /// A function, which the program replaces or surrounds (`fentry`, `fexit`, `fsession`, `fmod_ret`).
    Function {
        /// The module, if the section names one, or the start of its name.
        module: Option<Name<'a>>,
        /// The function.
        name: Name<'a>,
    },
    /// A tracepoint, whose arguments have types (`tp_btf`).
    TypedTracepoint {
        /// The module, if the section names one, or the start of its name.
        module: Option<Name<'a>>,
        /// The tracepoint.
        name: Name<'a>,
    },
    /// A tracepoint, whose arguments are numbers (`raw_tp`).
    RawTracepoint(Name<'a>),
    /// An event of a tracepoint (`tracepoint`, `tp`).
    Tracepoint {
        /// The category, such as `sched`.
        category: Name<'a>,
        /// The event.
        name: Name<'a>,
    },
    /// A hook of security modules (`lsm`).
    Lsm(Name<'a>),
    /// An iterator (`iter`).
    Iterator(Name<'a>),
    /// A symbol, perhaps with an offset (`kprobe`), a pattern of symbols (`kprobe.multi`), or a system call
    /// without the prefix of its architecture (`ksyscall`).
    Probe(Name<'a>),
    /// A callback of a struct of functions (`struct_ops`).
    StructOps,
    /// A function of another BPF program (`freplace`).
    Program(Name<'a>),
    /// Something in user space (`uprobe`, `usdt`).
    UserSpace,
}

impl<'a> SectionName<'a> {
    /// Parses the name of a section; `None` if libbpf does not know it, so that user space must set the
    /// type of the program.
    pub fn parse(name: &'a [u8]) -> Option<Self> {
        let (is_optional, name) = match name.strip_prefix(b"?") {
            Some(name) => (true, name),
            None => (false, name),
        };
        let (row, rest) = TABLE.iter().find_map(|row| Some((row, row.matches(name)?)))?;
        Some(Self {
            is_optional,
            program_type: row.program_type,
            attach_type: row.attach_type,
            is_sleepable: row.is_sleepable,
            hook: row.hook(rest),
        })
    }
}

/// A row of the table: a name, and what it states.
struct Row {
    name: &'static str,
    /// Whether a `/` and more may follow the name.
    goes_on: bool,
    program_type: P,
    attach_type: Option<A>,
    is_sleepable: bool,
    to: To,
}

/// What the rest of a name is.
#[derive(Clone, Copy)]
enum To {
    Nowhere,
    Function,
    TypedTracepoint,
    RawTracepoint,
    Tracepoint,
    Lsm,
    Iterator,
    Probe,
    StructOps,
    Program,
    UserSpace,
}

impl Row {
    /// Returns the rest of a name that the row describes.
    fn matches<'a>(&self, name: &'a [u8]) -> Option<&'a [u8]> {
        match name.strip_prefix(self.name.as_bytes())? {
            [] => Some(&[]),
            [b'/', rest @ ..] if self.goes_on => Some(rest),
            _ => None,
        }
    }

    fn hook<'a>(&self, rest: &'a [u8]) -> Hook<'a> {
        let name = Name::new(rest);
        match self.to {
            To::Nowhere => Hook::Nowhere,
            To::StructOps => Hook::StructOps,
            To::UserSpace => Hook::UserSpace,
            _ if rest.is_empty() => Hook::Unnamed,
            To::Function => {
                let (module, name) = module_and_name(rest);
                Hook::Function { module, name }
            }
            To::TypedTracepoint => {
                let (module, name) = module_and_name(rest);
                Hook::TypedTracepoint { module, name }
            }
            To::RawTracepoint => Hook::RawTracepoint(name),
            To::Tracepoint => match split(rest, b'/') {
                Some((category, name)) => Hook::Tracepoint { category, name },
                None => Hook::Unnamed,
            },
            To::Lsm => Hook::Lsm(name),
            To::Iterator => Hook::Iterator(name),
            To::Probe => Hook::Probe(name),
            To::Program => Hook::Program(name),
        }
    }
}

/// Splits `MODULE:NAME`; the module may be left out.
fn module_and_name(text: &[u8]) -> (Option<Name<'_>>, Name<'_>) {
    match split(text, b':') {
        Some((module, name)) => (Some(module), name),
        None => (None, Name::new(text)),
    }
}

/// Splits a text at the first occurrence of a byte.
fn split(text: &[u8], at: u8) -> Option<(Name<'_>, Name<'_>)> {
    let mut parts = text.splitn(2, |byte| *byte == at);
    Some((Name::new(parts.next()?), Name::new(parts.next()?)))
}

/// A name with nothing after it, and a hook that is not in the kernel's code.
const fn exact(name: &'static str, program_type: P, attach_type: Option<A>) -> Row {
    let (goes_on, is_sleepable) = (false, false);
    Row { name, goes_on, program_type, attach_type, is_sleepable, to: To::Nowhere }
}

/// A name that what the program attaches to may follow.
const fn hook(name: &'static str, program_type: P, attach_type: Option<A>, to: To) -> Row {
    Row { name, goes_on: true, program_type, attach_type, is_sleepable: false, to }
}

/// As [`hook`], for a program that may sleep.
const fn sleepable(name: &'static str, program_type: P, attach_type: Option<A>, to: To) -> Row {
    Row { is_sleepable: true, ..hook(name, program_type, attach_type, to) }
}

/// libbpf's `section_defs`.
const TABLE: &[Row] = &[
    exact("socket", P::SOCKET_FILTER, None),
    exact("sk_reuseport/migrate", P::SK_REUSEPORT, Some(A::SK_REUSEPORT_SELECT_OR_MIGRATE)),
    exact("sk_reuseport", P::SK_REUSEPORT, Some(A::SK_REUSEPORT_SELECT)),
    hook("kprobe", P::KPROBE, None, To::Probe),
    hook("uprobe", P::KPROBE, None, To::UserSpace),
    sleepable("uprobe.s", P::KPROBE, None, To::UserSpace),
    hook("kretprobe", P::KPROBE, None, To::Probe),
    hook("uretprobe", P::KPROBE, None, To::UserSpace),
    sleepable("uretprobe.s", P::KPROBE, None, To::UserSpace),
    hook("kprobe.multi", P::KPROBE, Some(A::TRACE_KPROBE_MULTI), To::Probe),
    hook("kretprobe.multi", P::KPROBE, Some(A::TRACE_KPROBE_MULTI), To::Probe),
    hook("kprobe.session", P::KPROBE, Some(A::TRACE_KPROBE_SESSION), To::Probe),
    hook("uprobe.multi", P::KPROBE, Some(A::TRACE_UPROBE_MULTI), To::UserSpace),
    hook("uretprobe.multi", P::KPROBE, Some(A::TRACE_UPROBE_MULTI), To::UserSpace),
    hook("uprobe.session", P::KPROBE, Some(A::TRACE_UPROBE_SESSION), To::UserSpace),
    sleepable("uprobe.multi.s", P::KPROBE, Some(A::TRACE_UPROBE_MULTI), To::UserSpace),
    sleepable("uretprobe.multi.s", P::KPROBE, Some(A::TRACE_UPROBE_MULTI), To::UserSpace),
    sleepable("uprobe.session.s", P::KPROBE, Some(A::TRACE_UPROBE_SESSION), To::UserSpace),
    hook("ksyscall", P::KPROBE, None, To::Probe),
    hook("kretsyscall", P::KPROBE, None, To::Probe),
    hook("usdt", P::KPROBE, None, To::UserSpace),
    sleepable("usdt.s", P::KPROBE, None, To::UserSpace),
    exact("tc/ingress", P::SCHED_CLS, Some(A::TCX_INGRESS)),
    exact("tc/egress", P::SCHED_CLS, Some(A::TCX_EGRESS)),
    exact("tcx/ingress", P::SCHED_CLS, Some(A::TCX_INGRESS)),
    exact("tcx/egress", P::SCHED_CLS, Some(A::TCX_EGRESS)),
    exact("tc", P::SCHED_CLS, None),
    exact("classifier", P::SCHED_CLS, None),
    exact("action", P::SCHED_ACT, None),
    exact("netkit/primary", P::SCHED_CLS, Some(A::NETKIT_PRIMARY)),
    exact("netkit/peer", P::SCHED_CLS, Some(A::NETKIT_PEER)),
    hook("tracepoint", P::TRACEPOINT, None, To::Tracepoint),
    hook("tp", P::TRACEPOINT, None, To::Tracepoint),
    hook("raw_tracepoint", P::RAW_TRACEPOINT, None, To::RawTracepoint),
    hook("raw_tp", P::RAW_TRACEPOINT, None, To::RawTracepoint),
    hook("raw_tracepoint.w", P::RAW_TRACEPOINT_WRITABLE, None, To::RawTracepoint),
    hook("raw_tp.w", P::RAW_TRACEPOINT_WRITABLE, None, To::RawTracepoint),
    hook("tp_btf", P::TRACING, Some(A::TRACE_RAW_TP), To::TypedTracepoint),
    hook("fentry", P::TRACING, Some(A::TRACE_FENTRY), To::Function),
    hook("fmod_ret", P::TRACING, Some(A::MODIFY_RETURN), To::Function),
    hook("fexit", P::TRACING, Some(A::TRACE_FEXIT), To::Function),
    sleepable("fentry.s", P::TRACING, Some(A::TRACE_FENTRY), To::Function),
    sleepable("fmod_ret.s", P::TRACING, Some(A::MODIFY_RETURN), To::Function),
    sleepable("fexit.s", P::TRACING, Some(A::TRACE_FEXIT), To::Function),
    hook("fsession", P::TRACING, Some(A::TRACE_FSESSION), To::Function),
    sleepable("fsession.s", P::TRACING, Some(A::TRACE_FSESSION), To::Function),
    hook("freplace", P::EXT, None, To::Program),
    hook("lsm", P::LSM, Some(A::LSM_MAC), To::Lsm),
    sleepable("lsm.s", P::LSM, Some(A::LSM_MAC), To::Lsm),
    hook("lsm_cgroup", P::LSM, Some(A::LSM_CGROUP), To::Lsm),
    hook("iter", P::TRACING, Some(A::TRACE_ITER), To::Iterator),
    sleepable("iter.s", P::TRACING, Some(A::TRACE_ITER), To::Iterator),
    Row { is_sleepable: true, ..exact("syscall", P::SYSCALL, None) },
    exact("xdp.frags/devmap", P::XDP, Some(A::XDP_DEVMAP)),
    exact("xdp/devmap", P::XDP, Some(A::XDP_DEVMAP)),
    exact("xdp.frags/cpumap", P::XDP, Some(A::XDP_CPUMAP)),
    exact("xdp/cpumap", P::XDP, Some(A::XDP_CPUMAP)),
    exact("xdp.frags", P::XDP, Some(A::XDP)),
    exact("xdp", P::XDP, Some(A::XDP)),
    exact("perf_event", P::PERF_EVENT, None),
    exact("lwt_in", P::LWT_IN, None),
    exact("lwt_out", P::LWT_OUT, None),
    exact("lwt_xmit", P::LWT_XMIT, None),
    exact("lwt_seg6local", P::LWT_SEG6LOCAL, None),
    exact("sockops", P::SOCK_OPS, Some(A::CGROUP_SOCK_OPS)),
    exact("sk_skb/stream_parser", P::SK_SKB, Some(A::SK_SKB_STREAM_PARSER)),
    exact("sk_skb/stream_verdict", P::SK_SKB, Some(A::SK_SKB_STREAM_VERDICT)),
    exact("sk_skb/verdict", P::SK_SKB, Some(A::SK_SKB_VERDICT)),
    exact("sk_skb", P::SK_SKB, None),
    exact("sk_msg", P::SK_MSG, Some(A::SK_MSG_VERDICT)),
    exact("lirc_mode2", P::LIRC_MODE2, Some(A::LIRC_MODE2)),
    exact("flow_dissector", P::FLOW_DISSECTOR, Some(A::FLOW_DISSECTOR)),
    exact("cgroup_skb/ingress", P::CGROUP_SKB, Some(A::CGROUP_INET_INGRESS)),
    exact("cgroup_skb/egress", P::CGROUP_SKB, Some(A::CGROUP_INET_EGRESS)),
    exact("cgroup/skb", P::CGROUP_SKB, None),
    exact("cgroup/sock_create", P::CGROUP_SOCK, Some(A::CGROUP_INET_SOCK_CREATE)),
    exact("cgroup/sock_release", P::CGROUP_SOCK, Some(A::CGROUP_INET_SOCK_RELEASE)),
    exact("cgroup/sock", P::CGROUP_SOCK, Some(A::CGROUP_INET_SOCK_CREATE)),
    exact("cgroup/post_bind4", P::CGROUP_SOCK, Some(A::CGROUP_INET4_POST_BIND)),
    exact("cgroup/post_bind6", P::CGROUP_SOCK, Some(A::CGROUP_INET6_POST_BIND)),
    exact("cgroup/bind4", P::CGROUP_SOCK_ADDR, Some(A::CGROUP_INET4_BIND)),
    exact("cgroup/bind6", P::CGROUP_SOCK_ADDR, Some(A::CGROUP_INET6_BIND)),
    exact("cgroup/connect4", P::CGROUP_SOCK_ADDR, Some(A::CGROUP_INET4_CONNECT)),
    exact("cgroup/connect6", P::CGROUP_SOCK_ADDR, Some(A::CGROUP_INET6_CONNECT)),
    exact("cgroup/connect_unix", P::CGROUP_SOCK_ADDR, Some(A::CGROUP_UNIX_CONNECT)),
    exact("cgroup/sendmsg4", P::CGROUP_SOCK_ADDR, Some(A::CGROUP_UDP4_SENDMSG)),
    exact("cgroup/sendmsg6", P::CGROUP_SOCK_ADDR, Some(A::CGROUP_UDP6_SENDMSG)),
    exact("cgroup/sendmsg_unix", P::CGROUP_SOCK_ADDR, Some(A::CGROUP_UNIX_SENDMSG)),
    exact("cgroup/recvmsg4", P::CGROUP_SOCK_ADDR, Some(A::CGROUP_UDP4_RECVMSG)),
    exact("cgroup/recvmsg6", P::CGROUP_SOCK_ADDR, Some(A::CGROUP_UDP6_RECVMSG)),
    exact("cgroup/recvmsg_unix", P::CGROUP_SOCK_ADDR, Some(A::CGROUP_UNIX_RECVMSG)),
    exact("cgroup/getpeername4", P::CGROUP_SOCK_ADDR, Some(A::CGROUP_INET4_GETPEERNAME)),
    exact("cgroup/getpeername6", P::CGROUP_SOCK_ADDR, Some(A::CGROUP_INET6_GETPEERNAME)),
    exact("cgroup/getpeername_unix", P::CGROUP_SOCK_ADDR, Some(A::CGROUP_UNIX_GETPEERNAME)),
    exact("cgroup/getsockname4", P::CGROUP_SOCK_ADDR, Some(A::CGROUP_INET4_GETSOCKNAME)),
    exact("cgroup/getsockname6", P::CGROUP_SOCK_ADDR, Some(A::CGROUP_INET6_GETSOCKNAME)),
    exact("cgroup/getsockname_unix", P::CGROUP_SOCK_ADDR, Some(A::CGROUP_UNIX_GETSOCKNAME)),
    exact("cgroup/sysctl", P::CGROUP_SYSCTL, Some(A::CGROUP_SYSCTL)),
    exact("cgroup/getsockopt", P::CGROUP_SOCKOPT, Some(A::CGROUP_GETSOCKOPT)),
    exact("cgroup/setsockopt", P::CGROUP_SOCKOPT, Some(A::CGROUP_SETSOCKOPT)),
    exact("cgroup/dev", P::CGROUP_DEVICE, Some(A::CGROUP_DEVICE)),
    hook("struct_ops", P::STRUCT_OPS, None, To::StructOps),
    sleepable("struct_ops.s", P::STRUCT_OPS, None, To::StructOps),
    exact("sk_lookup", P::SK_LOOKUP, Some(A::SK_LOOKUP)),
    exact("netfilter", P::NETFILTER, Some(A::NETFILTER)),
];
