/* Reads of structs of the kernel without records, and of other sizes than the fields have. The kernel says
 * nothing about these: the offsets and sizes are checked by the compiler. */
#include "common.h"

struct plain { u64 first; char room[100]; int field; u64 array[4]; };
_Static_assert(__builtin_offsetof(struct plain, field) == 108 && __builtin_offsetof(struct plain, array[2]) == 128, "");
struct relocated { u64 first; char name[16]; u32 number; u64 wide; struct { u32 a, b; } inner; u32 bit : 3; char end[]; } RELOCATED;
_Static_assert(sizeof(((struct relocated *)0)->name) == 16 && sizeof(((struct relocated *)0)->inner) == 8, "");

struct pt_regs { unsigned long words[21]; };
#define BUFFER(size) char b[size]
#define DONE __asm__ volatile("" : : "r"(b) : "memory"); return 0

/* without records */
SEC("fentry/x") int argument(u64 *c) { struct plain *p = (void *)c[0]; return p->field; } // unrecorded-read: offset 108
SEC("tp_btf/x") int element(u64 *c) { struct plain *p = (void *)c[2]; return p->array[2]; } // unrecorded-read: offset 128
SEC("lsm/x") int first(u64 *c) { struct plain *p = (void *)c[0]; return p->first; } //
SEC("fentry/x") int recorded(u64 *c) { struct relocated *p = (void *)c[0]; return p->number; } //
SEC("fentry/x") int after_a_record(u64 *c) { struct relocated *p = (void *)c[0]; struct plain *q = (void *)p->wide; return q->field; } //
SEC("fentry/x") int context(u64 *c) { return c[3]; } //
SEC("kprobe/x") int registers(struct pt_regs *c) { return c->words[3]; } //
SEC("xdp") int packet(u32 *c) { return c[1]; } //
SEC("iter/bpf_map_elem") int of_a_map(u64 *c) { u64 *value = (void *)c[2]; return value ? value[1] : 0; } //
SEC("raw_tp/x") int task_btf(u64 *c) { struct plain *t = get_current_task_btf(); return t->field; } // unrecorded-read: offset 108
SEC("kprobe/x") int task(u64 *c) { struct plain *t = (void *)get_current_task(); int v = 0; read_kernel(&v, 4, &t->field); return v; } // unrecorded-read: offset 108
SEC("kprobe/x") int relocated_task(u64 *c) { struct relocated *t = (void *)get_current_task(); int v = 0; read_kernel(&v, 4, &t->number); return v; } //
SEC("kprobe/x") int pointer(u64 *c) { struct plain *t = (void *)c[14]; int v = 0; read_kernel(&v, 4, &t->field); return v; } //

/* sizes */
SEC("kprobe/x") int exact(u64 *c) { struct relocated *p = (void *)c[0]; BUFFER(4); read_kernel(b, 4, &p->number); DONE; } //
SEC("kprobe/x") int too_much(u64 *c) { struct relocated *p = (void *)c[0]; BUFFER(16); read_kernel(b, 16, &p->number); DONE; } // read-past-field: 16 bytes of relocated.number, which has 4
SEC("kprobe/x") int less(u64 *c) { struct relocated *p = (void *)c[0]; BUFFER(4); read_kernel(b, 4, &p->wide); DONE; } //
SEC("kprobe/x") int array(u64 *c) { struct relocated *p = (void *)c[0]; BUFFER(16); read_kernel(b, 16, &p->name); DONE; } //
SEC("kprobe/x") int array_element(u64 *c) { struct relocated *p = (void *)c[0]; BUFFER(16); read_kernel(b, 16, &p->name[0]); DONE; } //
SEC("kprobe/x") int past_an_array(u64 *c) { struct relocated *p = (void *)c[0]; BUFFER(17); read_kernel(b, 17, &p->name); DONE; } // read-past-field: 17 bytes of relocated.name, which has 16
SEC("kprobe/x") int part(u64 *c) { struct relocated *p = (void *)c[0]; BUFFER(4); read_kernel(b, 4, &p->inner); DONE; } //
SEC("kprobe/x") int past_a_struct(u64 *c) { struct relocated *p = (void *)c[0]; BUFFER(12); read_kernel(b, 12, &p->inner); DONE; } // read-past-field: 12 bytes of relocated.inner, which has 8
SEC("kprobe/x") int flexible(u64 *c) { struct relocated *p = (void *)c[0]; BUFFER(64); read_kernel(b, 64, &p->end); DONE; } //
SEC("kprobe/x") int string(u64 *c) { struct relocated *p = (void *)c[0]; BUFFER(64); read_kernel_str(b, 64, &p->name); DONE; } //
SEC("kprobe/x") int measured(u64 *c) { struct relocated *p = (void *)c[0]; BUFFER(8); u32 size = field_size(p->number); if (size <= 8) read_kernel(b, size, &p->number); DONE; } //
SEC("kprobe/x") int some(u64 *c) { struct relocated *p = (void *)c[0]; BUFFER(8); u32 size = c[1] & 7; read_kernel(b, size, &p->number); DONE; } //
