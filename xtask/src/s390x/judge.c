/* Relocates a big-endian object with libbpf, on a big-endian machine:
 *
 *     judge OBJECT KERNEL [MODULE...]
 *
 * The object is an ELF file, the others are raw BTF. Around libbpf's internal
 * functions this does what its loader does: it finds the candidates of a root
 * type once, keeps those that matched, and calculates and patches. For each
 * relocation it prints a line:
 *
 *     SECTION INSN_OFF STATUS VALUE AFTER
 *
 * STATUS is `relocated`, `poisoned` or `failed`; VALUE what the relocation comes
 * to, `-` if to nothing; AFTER the instruction's bytes then.
 */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "btf.h"
#include "libbpf.h"
#include "libbpf_internal.h"
#include "relo_core.h"

#define POISON 195896080
#define MAX_BTFS 16

static void fail(const char *what)
{
	fprintf(stderr, "judge: %s\n", what);
	exit(1);
}

struct bytes {
	char *start;
	size_t size;
};

static struct bytes read_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct bytes bytes = {};

	if (!file || fseek(file, 0, SEEK_END))
		fail(path);
	bytes.size = ftell(file);
	rewind(file);
	bytes.start = malloc(bytes.size);
	if (fread(bytes.start, 1, bytes.size, file) != bytes.size)
		fail(path);
	fclose(file);
	return bytes;
}

/* The contents of an object's section. It is in the machine's byte order, so
 * its headers can be read as they are.
 */
static struct bytes section(struct bytes object, const char *name)
{
	Elf64_Ehdr *header = (void *)object.start;
	Elf64_Shdr *sections = (void *)object.start + header->e_shoff;
	char *names = object.start + sections[header->e_shstrndx].sh_offset;

	for (int i = 1; i < header->e_shnum; i++)
		if (!strcmp(names + sections[i].sh_name, name))
			return (struct bytes){ object.start + sections[i].sh_offset,
					       sections[i].sh_size };
	fail(name);
	abort();
}

/* The kernel, then its modules. */
static struct btf *targets[MAX_BTFS];
static int target_count;

/* The candidates of the root types so far. */
static struct bpf_core_cand_list **found;

static void add_candidates(const struct btf *local, __u32 root, int target,
			   struct bpf_core_cand_list *list)
{
	const char *name = btf__name_by_offset(local, btf__type_by_id(local, root)->name_off);
	struct bpf_core_cand local_cand = { .btf = local, .id = root };
	int start = target ? btf__type_cnt(targets[0]) : 1;

	if (bpf_core_add_cands(&local_cand, bpf_core_essential_name_len(name), targets[target],
			       "target", start, list))
		fail("no memory");
}

static struct bpf_core_cand_list *candidates(const struct btf *local, __u32 root)
{
	struct bpf_core_cand_list *list = found[root];

	if (list)
		return list;
	list = found[root] = calloc(1, sizeof(*list));
	add_candidates(local, root, 0, list);
	/* The modules count only if the kernel has none. */
	if (!list->len)
		for (int module = 1; module < target_count; module++)
			add_candidates(local, root, module, list);
	return list;
}

static int relocate(const struct btf *local, const struct bpf_core_relo *relo, int number,
		    struct bpf_insn *insn, struct bpf_core_relo_res *result)
{
	static struct bpf_core_spec scratch[3];
	struct bpf_core_cand_list none = {};
	struct bpf_core_cand_list *list = &none;
	struct bpf_core_cand *saved;
	int len, error;

	if (relo->kind != BPF_CORE_TYPE_ID_LOCAL)
		list = candidates(local, relo->type_id);
	len = list->len;
	saved = malloc(len * sizeof(*saved) + 1);
	if (len)
		memcpy(saved, list->cands, len * sizeof(*saved));
	error = bpf_core_calc_relo_insn("judge", relo, number, local, list, scratch, result);
	if (error && len) {
		/* libbpf's loader stops here. Go on as if this relocation did not exist. */
		memcpy(list->cands, saved, len * sizeof(*saved));
		list->len = len;
	}
	free(saved);
	if (error)
		return error;
	return bpf_core_patch_insn("judge", insn, relo->insn_off / sizeof(*insn), relo, number,
				   result);
}

static int say_nothing(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return 0;
}

int main(int argc, char **argv)
{
	struct bpf_core_relo_res result;
	const struct btf_ext_info_sec *sec;
	const struct bpf_core_relo *relo;
	struct bytes object, bytes, code;
	const struct btf_ext_info *relos;
	struct btf_ext *ext;
	struct btf *local;
	int number = 0;

	if (argc < 3 || argc - 2 > MAX_BTFS)
		fail("usage: judge OBJECT KERNEL [MODULE...]");
	libbpf_set_print(say_nothing);
	for (int i = 2; i < argc; i++) {
		bytes = read_file(argv[i]);
		targets[target_count] = btf__new_split(bytes.start, bytes.size,
						       target_count ? targets[0] : NULL);
		if (!targets[target_count++])
			fail(argv[i]);
	}
	object = read_file(argv[1]);
	bytes = section(object, ".BTF");
	local = btf__new(bytes.start, bytes.size);
	bytes = section(object, ".BTF.ext");
	ext = btf_ext__new((void *)bytes.start, bytes.size);
	if (!local || !ext)
		fail(argv[1]);
	found = calloc(btf__type_cnt(local), sizeof(*found));

	relos = &ext->core_relo_info;
	for_each_btf_ext_sec(relos, sec) {
		const char *name = btf__name_by_offset(local, sec->sec_name_off);
		int i;

		code = section(object, name);
		for_each_btf_ext_rec(relos, sec, i, relo) {
			struct bpf_insn *insn = (void *)code.start + relo->insn_off;
			int size = insn->code == (BPF_LD | BPF_IMM | BPF_DW) ? 16 : 8;
			int error = relocate(local, relo, number++, insn, &result);

			printf("%s %u ", name, relo->insn_off);
			if (error)
				printf("failed - ");
			else if (insn->code == (BPF_JMP | BPF_CALL) && insn->imm == POISON)
				printf("poisoned - ");
			else
				printf("relocated %llu ", (unsigned long long)result.new_val);
			for (int at = 0; at < size; at++)
				printf("%02x", ((unsigned char *)insn)[at]);
			printf("\n");
		}
	}
	return 0;
}
