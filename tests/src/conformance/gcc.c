/* Relocations as GCC writes them: of accesses to members, for which it has an attribute and a builtin, and of
 * no other kind. The types are those of the made-up kernels.
 */
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define CORE __attribute__((preserve_access_index))
#define SECTION(name) __attribute__((section(name), used))

struct job_queue {
	int weight;
	u16 slots[4];
} CORE;

struct job {
	int pid;
	u32 uid;
	u64 flags;
	char comm[16];
	struct job_queue queue;
	struct {
		u16 first;
		u16 second;
	};
	int grid[3][4];
	struct job *parent;
} CORE;

SECTION("tc/attribute") long attribute(struct job *job)
{
	return job->pid + job->uid + job->flags + job->queue.weight + job->first + (long)job->parent;
}

SECTION("tc/arrays") long arrays(struct job *job)
{
	return job->comm[3] + job->queue.slots[2] + job->grid[1][2] + job->second;
}

SECTION("tc/address") long address(struct job *job)
{
	return (long)__builtin_preserve_access_index(&job->queue.weight) -
	       (long)__builtin_preserve_access_index(&job->comm[1]);
}

SECTION("tc/pointers") long pointers(struct job *job)
{
	return job->parent->parent->pid + job->parent->queue.slots[1];
}

char license_text[] SECTION("license") = "Dual MIT/GPL";
