/* Records that no loader accepts or that ask for a type that no kernel has. */
#include "common.h"

struct task_struct { int pid; char room[40000]; int far; char more[60000]; int farther; } RELOCATED;
struct task_struct____old { int pid; } RELOCATED;
struct task_struct___old { int pid; } RELOCATED;
typedef struct RELOCATED { int pid; } named_by_typedef;
struct outer { struct { struct { int a; } b; } inner; } RELOCATED;
enum bpf_map_type { BPF_MAP_TYPE_HASH____old = 1, BPF_MAP_TYPE_HASH___old = 1 };

SEC("raw_tp/x") int flavor(u64 *c) { struct task_struct___old *t = get_current_task_btf(); return t->pid; } // loads
SEC("raw_tp/x") int enum_flavor(u64 *c) { return enum_value(enum bpf_map_type, BPF_MAP_TYPE_HASH___old); } // loads
SEC("raw_tp/x") int four(u64 *c) { struct task_struct____old *t = get_current_task_btf(); return t->pid; } // flavor-underscores; refused
SEC("raw_tp/x") int enum_four(u64 *c) { return enum_value(enum bpf_map_type, BPF_MAP_TYPE_HASH____old); } // flavor-underscores; refused
SEC("raw_tp/x") int anonymous(u64 *c) { struct RELOCATED { int pid; } *t = get_current_task_btf(); return t->pid; } // anonymous-root; refused
SEC("raw_tp/x") int anonymous_member(u64 *c) { struct outer *o = (void *)c; return field_exists(o->inner.b.a); } // loads
SEC("raw_tp/x") int cut(u64 *c) { struct task_struct *t = get_current_task_btf(); return t->far; } // cut-offset; refused
SEC("raw_tp/x") int cut_to_positive(u64 *c) { struct task_struct *t = get_current_task_btf(); return t->farther; } // cut-offset; refused
SEC("raw_tp/x") int far_in_a_register(u64 *c) { struct task_struct *t = (void *)get_current_task(); int v = 0; read_kernel(&v, 4, &t->far); return v; } // refused
