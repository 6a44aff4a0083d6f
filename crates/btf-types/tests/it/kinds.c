// Every kind of BTF, compiled by clang. No header is needed.

#define tag_type(name) __attribute__((btf_type_tag(name)))
#define tag_declaration(name) __attribute__((btf_decl_tag(name)))
#define section(name) __attribute__((section(name), used))

struct opaque;
union variant;

enum color { RED, GREEN = 7, ALL = 0xffffffff };
enum step { BACK = -1, ON = 1 };
enum wide { LOW = 1, TOP = 0xffffffffffffffff };
enum deep { BOTTOM = -0x7fffffffffffffff, UP = 1 };

typedef int number;
typedef number matrix[3][5];
typedef struct node *link;

struct node {
	struct node *next;
	union {
		unsigned long whole;
		short halves[4];
	};
	char name[13];
	_Bool ok;
	const volatile number count;
	matrix cells;
	struct opaque *opaque;
	union variant *variant;
	double ratio;
	unsigned char tail[];
} tag_declaration("listed");

struct flags {
	unsigned int low : 3;
	signed int middle : 17;
	int plain;
	unsigned long high : 40;
};

typedef struct node node_type;
typedef struct flags flags_type;
typedef enum color color_type;
typedef enum wide wide_type;
typedef const volatile matrix *pointer_type;
typedef const matrix constant_type;
typedef _Bool bool_type;

enum sizes {
	size_node_type = sizeof(node_type),
	size_flags_type = sizeof(flags_type),
	size_color_type = sizeof(color_type),
	size_wide_type = sizeof(wide_type),
	size_pointer_type = sizeof(pointer_type),
	size_constant_type = sizeof(constant_type),
	size_bool_type = sizeof(bool_type),
	size_matrix = sizeof(matrix),
	size_link = sizeof(link),
};

enum offsets {
	offset_next = __builtin_offsetof(struct node, next),
	offset_whole = __builtin_offsetof(struct node, whole),
	offset_name = __builtin_offsetof(struct node, name),
	offset_ok = __builtin_offsetof(struct node, ok),
	offset_count = __builtin_offsetof(struct node, count),
	offset_cells = __builtin_offsetof(struct node, cells),
	offset_opaque = __builtin_offsetof(struct node, opaque),
	offset_variant = __builtin_offsetof(struct node, variant),
	offset_ratio = __builtin_offsetof(struct node, ratio),
	offset_tail = __builtin_offsetof(struct node, tail),
};

// The program reads it with CO-RE relocations.
struct listed {
	int first;
	struct {
		long second;
	};
} __attribute__((preserve_access_index));

struct holder {
	node_type *node;
	flags_type flags;
	color_type color;
	wide_type wide;
	pointer_type pointer;
	constant_type *constant;
	bool_type boolean;
	link link;
	enum step step;
	enum deep deep;
	enum sizes sizes;
	enum offsets offsets;
	int tag_type("user") * user;
	int (*callback)(const char *restrict, ...);
};

extern int foreign;
extern int outer(struct node *node);

struct holder holder section(".data.holder") = {};
static volatile int hidden section(".data.hidden") = 1;

__attribute__((noinline)) static int local(struct holder *h)
{
	return h->step + hidden;
}

section("test") int entry(struct holder *h tag_declaration("argument"))
{
	return local(h) + foreign + outer(h->node);
}

section("other") long relocated(struct listed *listed)
{
	return listed->first + listed->second + __builtin_preserve_type_info(*listed, 1);
}
