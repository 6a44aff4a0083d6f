//! Types of the user-space ABI, whose layout is fixed.

use btf_types::Type;
use core_reloc::{describe::type_in_c, essential_name};

use crate::explain::suggestion::{Suggestion, SuggestionKind};

/// The structs that programs are passed as contexts, that helpers take, and those of packets. The first ones are
/// not types of the kernel: the verifier translates accesses to them.
const TYPES: [&str; 37] = [
    "__sk_buff",
    "bpf_cgroup_dev_ctx",
    "bpf_cpumap_val",
    "bpf_devmap_val",
    "bpf_fib_lookup",
    "bpf_flow_keys",
    "bpf_perf_event_data",
    "bpf_perf_event_value",
    "bpf_pidns_info",
    "bpf_redir_neigh",
    "bpf_sk_lookup",
    "bpf_sock",
    "bpf_sock_addr",
    "bpf_sock_ops",
    "bpf_sock_tuple",
    "bpf_sockopt",
    "bpf_spin_lock",
    "bpf_sysctl",
    "bpf_tcp_sock",
    "bpf_timer",
    "bpf_tunnel_key",
    "bpf_xfrm_state",
    "sk_msg_md",
    "sk_reuseport_md",
    "xdp_md",
    "arphdr",
    "ethhdr",
    "icmp6hdr",
    "icmphdr",
    "igmphdr",
    "in6_addr",
    "in_addr",
    "iphdr",
    "ipv6hdr",
    "sctphdr",
    "tcphdr",
    "udphdr",
];

/// Suggests not to relocate a type of the user-space ABI: kernels may have no BTF of it.
pub(super) fn suggestion(root: Type<'_>) -> Option<Suggestion> {
    let name = root.name().ok()?;
    let is_fixed = TYPES.iter().any(|fixed| essential_name(&name) == fixed.as_bytes());
    is_fixed.then(|| {
        let text = format!(
            "`{}` belongs to the user-space ABI and has one layout on all kernels: take \
             preserve_access_index off it",
            type_in_c(root)
        );
        Suggestion::new(SuggestionKind::Access, text)
    })
}
