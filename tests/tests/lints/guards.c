/* Questions about fields, types and enumerators that no kernel has, and what protects their uses. The comment
 * after a program has the rules that it breaks, if any, and what the kernel does with it. */
#include "common.h"

struct task_struct { int pid, gone, lost; struct { int deep; } inner; } RELOCATED;
struct task_struct___other { int gone, elsewhere; } RELOCATED;
/* Another field of that name: it is no number. */
struct task_struct___kind { struct { int a; } gone; } RELOCATED;
struct nothing { int a, b; } RELOCATED;
enum none { NONE = 1, NONE_EITHER = 2 };

const volatile int has_gone = 0;
volatile int later;
extern int LINUX_KERNEL_VERSION __attribute__((section(".kconfig")));
extern int CONFIG_NOT_THERE __attribute__((section(".kconfig"), weak));

#define TASK struct task_struct *t = (void *)get_current_task()
#define READ(field) ({ int v = 0; read_kernel(&v, 4, &(field)); v; })

static NOINLINE int has_lost(struct task_struct *t) { return field_exists(t->lost); }
static NOINLINE int read_gone(struct task_struct *t) { return READ(t->gone); }

/* guarded */
SEC("raw_tp/x") int guarded(u64 *c) { TASK; return field_exists(t->gone) ? READ(t->gone) : 0; } // loads
SEC("raw_tp/x") int early_return(u64 *c) { TASK; if (!field_exists(t->gone)) return 0; return READ(t->gone); } // loads
SEC("raw_tp/x") int by_type(u64 *c) { struct nothing *n = (void *)c[0]; return type_exists(struct nothing) ? READ(n->b) : 0; } // loads
SEC("raw_tp/x") int by_container(u64 *c) { TASK; return field_exists(t->inner) ? READ(t->inner.deep) : 0; } // loads
SEC("raw_tp/x") int either(u64 *c) { TASK; return field_exists(t->gone) ? READ(t->gone) : READ(t->pid); } // loads
SEC("raw_tp/x") int chain(u64 *c) { TASK; if (field_exists(t->gone)) return READ(t->gone); if (field_exists(t->lost)) return READ(t->lost); return READ(t->pid); } // loads
SEC("raw_tp/x") int both(u64 *c) { TASK; return field_exists(t->gone) && field_exists(t->lost) ? READ(t->gone) + READ(t->lost) : 0; } // loads
SEC("raw_tp/x") int twice(u64 *c) { TASK; int v = 0; if (field_exists(t->gone)) v = READ(t->gone); v += ktime_get_ns(); if (field_exists(t->gone)) v += READ(t->gone); return v; } // loads
SEC("raw_tp/x") int other_flavor(u64 *c) { TASK; struct task_struct___other *o = (void *)t; return field_exists(o->gone) ? READ(t->gone) : 0; } // loads
SEC("raw_tp/x") int enumerator(u64 *c) { return enum_exists(enum none, NONE) ? enum_value(enum none, NONE) : 7; } // loads
SEC("raw_tp/x") int callee(u64 *c) { TASK; return field_exists(t->gone) ? read_gone(t) : 0; } // loads
SEC("raw_tp/x") int across_a_call(u64 *c) { TASK; int has = field_exists(t->gone); c[0] ? ktime_get_ns() : 0; return has ? READ(t->gone) : 0; } // loads
SEC("raw_tp/x") int loop(u64 *c) { TASK; int v = 0; for (int i = 0; i < 4; i++) if (field_exists(t->gone)) v += READ(t->gone); return v; } // loads
SEC("raw_tp/x") int other_kind(u64 *c) { TASK; struct task_struct___kind *k = (void *)t; return field_exists(k->gone) ? READ(k->gone.a) : READ(t->pid); } // loads

/* guarded by what is no question about the field itself; a question elsewhere asks for it */
SEC("raw_tp/x") int by_data(u64 *c) { TASK; int v = field_exists(t->gone); return has_gone ? READ(t->gone) : v; } // loads
SEC("raw_tp/x") int by_release(u64 *c) { TASK; int v = field_exists(t->gone); return LINUX_KERNEL_VERSION < 0x030000 ? READ(t->gone) : v; } // loads
SEC("raw_tp/x") int by_config(u64 *c) { TASK; int v = field_exists(t->gone); return CONFIG_NOT_THERE ? READ(t->gone) : v; } // loads
SEC("raw_tp/x") int by_function(u64 *c) { TASK; int v = field_exists(t->lost); return has_lost(t) ? READ(t->lost) : v; } // loads
SEC("raw_tp/x") int by_other_question(u64 *c) { TASK; int v = field_exists(t->gone); return field_exists(t->lost) ? READ(t->gone) : v; } // loads
SEC("raw_tp/x") int by_match(u64 *c) { TASK; int v = field_exists(t->gone); return type_matches(struct task_struct___other) ? READ(t->gone) : v; } // loads
SEC("raw_tp/x") int by_size(u64 *c) { TASK; int v = field_exists(t->gone); return type_exists(struct nothing) ? READ(t->gone) : v; } // loads
SEC("raw_tp/x") int not_by_other(u64 *c) { TASK; int v = field_exists(t->gone); return field_exists(t->pid) ? v : READ(t->gone); } // loads

/* not guarded */
SEC("raw_tp/x") int not_asked(u64 *c) { TASK; return READ(t->gone); } // refused
SEC("raw_tp/x") int ignored(u64 *c) { TASK; int v = field_exists(t->gone); return v + READ(t->gone); } // idle-question; refused
SEC("raw_tp/x") int asked_too_late(u64 *c) { TASK; int v = READ(t->gone); return field_exists(t->gone) ? v : 0; } // idle-question; refused
SEC("raw_tp/x") int both_branches(u64 *c) { TASK; if (field_exists(t->gone)) return READ(t->gone); return READ(t->gone) + 1; } // wrong-branch; refused
SEC("raw_tp/x") int ignored_enumerator(u64 *c) { return enum_exists(enum none, NONE) + enum_value(enum none, NONE); } // idle-question; refused
SEC("raw_tp/x") int ignored_type(u64 *c) { struct nothing *n = (void *)c[0]; return type_exists(struct nothing) + READ(n->b); } // idle-question; refused
SEC("raw_tp/x") int wrong(u64 *c) { TASK; return field_exists(t->gone) ? 0 : READ(t->gone); } // wrong-branch; refused
SEC("raw_tp/x") int wrong_after_return(u64 *c) { TASK; if (field_exists(t->gone)) return 1; ktime_get_ns(); return READ(t->gone); } // wrong-branch; refused
SEC("raw_tp/x") int wrong_container(u64 *c) { TASK; return field_exists(t->inner) ? 0 : READ(t->inner.deep); } // wrong-branch; refused
SEC("raw_tp/x") int beside(u64 *c) { TASK; int v = 0; if (field_exists(t->gone)) v = READ(t->gone); ktime_get_ns(); return v + READ(t->gone); } // unguarded-access; refused
SEC("raw_tp/x") int beside_in_a_condition(u64 *c) { TASK; int v = 0; if (field_exists(t->gone)) v = READ(t->gone); if (READ(t->pid) == 1) v += READ(t->gone); return v; } // unguarded-access; refused
SEC("raw_tp/x") int beside_another(u64 *c) { TASK; int v = 0; if (field_exists(t->gone)) v = READ(t->gone) + READ(t->lost); if (field_exists(t->lost)) v += READ(t->lost); return v + READ(t->lost); } // unguarded-access; refused
