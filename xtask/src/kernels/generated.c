/*
 * Loads generated programs inside a booted kernel.
 *
 * Usage: generated FILE
 *
 * FILE has programs one after the other: the numbers of instructions, of functions and of bytes of BTF, in 4 bytes
 * each, and then these. Standard output has one line for each program, whose fields are separated by tabs:
 *
 *     @generated NUMBER RESULT REASON
 *
 * RESULT is `loads`, `poison` if the verifier rejects a poisoned instruction, or else `refused`.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What the verifier calls a poisoned instruction: the helper of number 0xbad2310. */
#define POISON "195896080"

static char log_text[1 << 20];

static int bpf(int command, union bpf_attr *attributes)
{
	return syscall(__NR_bpf, command, attributes, sizeof(*attributes));
}

static int load_types(const char *bytes, unsigned int size)
{
	union bpf_attr attributes = { .btf = (__u64)(unsigned long)bytes, .btf_size = size };

	return bpf(BPF_BTF_LOAD, &attributes);
}

/* Returns the last line of the log, apart from statistics. */
static const char *last_line(void)
{
	const char *last = "";
	char *rest = NULL;

	for (char *line = strtok_r(log_text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (strncmp(line, "processed ", 10))
			last = line;
	return last;
}

static void load(unsigned int number, const char *insns, const unsigned int *counts, int types)
{
	const char *functions = insns + 8ul * counts[0];
	union bpf_attr attributes = {
		.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
		.insns = (__u64)(unsigned long)insns,
		.insn_cnt = counts[0],
		.license = (__u64)(unsigned long)"GPL",
		.prog_btf_fd = types,
		.func_info = (__u64)(unsigned long)functions,
		.func_info_cnt = counts[1],
		.func_info_rec_size = 8,
	};
	int fd = bpf(BPF_PROG_LOAD, &attributes);
	int error = errno;

	if (fd >= 0) {
		printf("@generated\t%u\tloads\n", number);
		close(fd);
		return;
	}
	log_text[0] = 0;
	attributes.log_buf = (__u64)(unsigned long)log_text;
	attributes.log_size = sizeof(log_text);
	attributes.log_level = 1;
	fd = bpf(BPF_PROG_LOAD, &attributes);
	if (fd >= 0)
		close(fd);
	if (strstr(log_text, POISON))
		printf("@generated\t%u\tpoison\n", number);
	else
		printf("@generated\t%u\trefused\t%s: %.200s\n", number, strerror(error), last_line());
}

int main(int count, char **arguments)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct stat status;
	unsigned int number = 0;
	int file = count == 2 ? open(arguments[1], O_RDONLY) : -1;

	setrlimit(RLIMIT_MEMLOCK, &all);
	if (file < 0 || fstat(file, &status))
		return 1;
	const char *at = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
	if (at == MAP_FAILED)
		return 1;
	for (const char *end = at + status.st_size; at < end; number++) {
		unsigned int counts[3];

		memcpy(counts, at, sizeof(counts));
		at += sizeof(counts);
		const char *bytes = at + 8ul * counts[0] + 8ul * counts[1];
		int types = load_types(bytes, counts[2]);
		load(number, at, counts, types);
		if (types >= 0)
			close(types);
		at = bytes + counts[2];
	}
	return 0;
}
