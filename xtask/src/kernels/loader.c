/*
 * Loads every program of some objects by itself, inside a booted kernel.
 *
 * Usage: loader SECONDS FOLDER...
 *
 * Standard output has one row for each program, whose fields are separated by tabs:
 *
 *     @row FOLDER OBJECT PROGRAM SECTION RESULT
 *
 * RESULT is 0, a negative errno, `timeout` or `signal N`. An object that libbpf does not open has one row, with
 * `-` for the program and the section. What libbpf and the verifier say comes before the row, in lines that start
 * with `@log`.
 */
#include "bpf.h"
#include "btf.h"
#include "libbpf.h"
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* What user space would give a map of stack traces: the depth that is the kernel's default. */
#define STACK_TRACE_BYTES (127 * 8)
#define LOG_BYTES (8 << 20)

static unsigned int seconds;

/*
 * The kernel's types. Without an accelerator, libbpf takes a large part of a second to read them, which it does
 * for each object that it loads. The linker redirects its calls here (--wrap), so that it reads them once.
 */
static struct btf *kernel_types;

struct btf *__real_btf__load_vmlinux_btf(void);
void __real_btf__free(struct btf *btf);
struct btf *__wrap_btf__load_vmlinux_btf(void);
void __wrap_btf__free(struct btf *btf);

struct btf *__wrap_btf__load_vmlinux_btf(void)
{
	if (!kernel_types)
		kernel_types = __real_btf__load_vmlinux_btf();
	return kernel_types;
}

void __wrap_btf__free(struct btf *btf)
{
	if (btf != kernel_types)
		__real_btf__free(btf);
}

/* What was said while the current program was loaded. */
static char log_text[LOG_BYTES];
static size_t log_length;

static int keep_log(enum libbpf_print_level level, const char *format, va_list arguments)
{
	size_t room = sizeof(log_text) - log_length;
	int length;

	if (level > LIBBPF_WARN || room < 2)
		return 0;
	length = vsnprintf(log_text + log_length, room, format, arguments);
	if (length > 0)
		log_length += (size_t)length < room ? (size_t)length : room - 1;
	return 0;
}

static void print_log(void)
{
	char *rest = NULL;

	for (char *line = strtok_r(log_text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		for (char *byte = line; *byte; byte++)
			if (*byte < ' ' || *byte > '~')
				*byte = ' ';
		printf("@log\t%s\n", line);
	}
}

/* The size that user space would give a map, which objects leave at zero. */
static void give_sizes(struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		enum bpf_map_type type = bpf_map__type(map);

		switch (type) {
		case BPF_MAP_TYPE_CGROUP_STORAGE:
		case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
		case BPF_MAP_TYPE_SK_STORAGE:
		case BPF_MAP_TYPE_INODE_STORAGE:
		case BPF_MAP_TYPE_TASK_STORAGE:
		case BPF_MAP_TYPE_CGRP_STORAGE:
		case BPF_MAP_TYPE_STRUCT_OPS:
		case BPF_MAP_TYPE_ARENA:
			continue;
		default:
			break;
		}
		if (!bpf_map__max_entries(map))
			bpf_map__set_max_entries(map, type == BPF_MAP_TYPE_RINGBUF ? getpagesize() : 1);
		if (type == BPF_MAP_TYPE_STACK_TRACE && !bpf_map__value_size(map)) {
			bpf_map__set_key_size(map, 4);
			bpf_map__set_value_size(map, STACK_TRACE_BYTES);
		}
	}
}

/* The name of the program that a child loads, and how many it has finished. Shared with the parent. */
struct progress {
	unsigned int done;
	char program[256];
	char section[256];
};

static struct progress *progress;

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
}

/* Loads the program with this index; returns 0 if there is none. */
static int load(const char *folder, const char *name, unsigned int index)
{
	char path[512];
	struct bpf_object *object;
	struct bpf_program *program, *chosen = NULL;
	unsigned int count = 0;
	int result;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	log_length = 0;
	log_text[0] = 0;
	object = bpf_object__open_file(path, NULL);
	if (!object) {
		if (index)
			return 0;
		print_log();
		printf("@row\t%s\t%s\t-\t-\t%d\n", folder, name, -errno);
		return 1;
	}
	bpf_object__for_each_program(program, object) {
		bpf_program__set_autoload(program, count == index);
		if (count++ == index)
			chosen = program;
	}
	if (!chosen) {
		bpf_object__close(object);
		return 0;
	}
	copy(progress->program, sizeof(progress->program), bpf_program__name(chosen));
	copy(progress->section, sizeof(progress->section), bpf_program__section_name(chosen));
	give_sizes(object);
	alarm(seconds);
	result = bpf_object__load(object);
	alarm(0);
	if (result)
		print_log();
	printf("@row\t%s\t%s\t%s\t%s\t%d\n", folder, name, progress->program, progress->section, result);
	bpf_object__close(object);
	return 1;
}

/* Loads the programs of an object, beginning with the one after those that are done. */
static void load_rest(const char *folder, const char *name)
{
	while (load(folder, name, progress->done)) {
		fflush(stdout);
		progress->done++;
	}
}

/* A child that dies takes one program with it; the next child goes on after that one. */
static void load_all(const char *folder, const char *name)
{
	memset(progress, 0, sizeof(*progress));
	for (;;) {
		int status = 0;
		pid_t child;

		copy(progress->program, sizeof(progress->program), "-");
		copy(progress->section, sizeof(progress->section), "-");
		fflush(stdout);
		child = fork();
		if (!child) {
			load_rest(folder, name);
			fflush(stdout);
			_exit(0);
		}
		if (child < 0 || waitpid(child, &status, 0) < 0) {
			printf("@row\t%s\t%s\t-\t-\t%d\n", folder, name, -errno);
			return;
		}
		if (!WIFSIGNALED(status))
			return;
		printf("@row\t%s\t%s\t%s\t%s\t", folder, name, progress->program, progress->section);
		if (WTERMSIG(status) == SIGALRM)
			puts("timeout");
		else
			printf("signal %d\n", WTERMSIG(status));
		progress->done++;
	}
}

static int is_object(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 2 && !strcmp(entry->d_name + length - 2, ".o");
}

int main(int count, char **arguments)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	if (count < 3)
		return 2;
	seconds = (unsigned int)atoi(arguments[1]);
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (progress == MAP_FAILED)
		return 2;
	libbpf_set_print(keep_log);
	/* Before the first child is forked, so that all of them share it. */
	__wrap_btf__load_vmlinux_btf();
	for (int at = 2; at < count; at++) {
		struct dirent **entries;
		int found = scandir(arguments[at], &entries, is_object, alphasort);

		for (int entry = 0; entry < found; entry++)
			load_all(arguments[at], entries[entry]->d_name);
	}
	return 0;
}
