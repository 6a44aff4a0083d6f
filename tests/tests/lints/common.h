typedef unsigned int u32;
typedef unsigned long long u64;
#define SEC(name) __attribute__((section(name), used))
#define RELOCATED __attribute__((preserve_access_index))
#define NOINLINE __attribute__((noinline))
#define field_exists(field) __builtin_preserve_field_info(field, 2)
#define field_size(field) __builtin_preserve_field_info(field, 1)
#define type_exists(type) __builtin_preserve_type_info(*(type *)0, 0)
#if __clang_major__ >= 15
#define type_matches(type) __builtin_preserve_type_info(*(type *)0, 2)
#else
#define type_matches(type) 0
#endif
#define enum_exists(type, name) __builtin_preserve_enum_value(*(type *)name, 0)
#define enum_value(type, name) __builtin_preserve_enum_value(*(type *)name, 1)

static u64 (*const get_current_task)(void) = (void *)35;
static void *(*const get_current_task_btf)(void) = (void *)158;
static long (*const read_kernel)(void *to, u32 size, const void *from) = (void *)113;
static long (*const read_kernel_str)(void *to, u32 size, const void *from) = (void *)115;
static u64 (*const ktime_get_ns)(void) = (void *)5;

char LICENSE[] SEC("license") = "GPL";
