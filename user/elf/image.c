// SPDX-License-Identifier: Apache-2.0
/*
 * Images are found by what fstat says of them and by (device, inode) alone. An inode cannot be
 * given to another file while it is in here, because the image holds a descriptor of it; but the
 * file can be written to, so a find by inode asks fstat whether it still is the file that was
 * opened.
 */
#include "elf/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/idmap.h"
#include "base/mem.h"
#include "base/text.h"
#include "elf/buildid.h"
#include "elf/names.h"

#define DELETED " (deleted)" /* what the kernel appends to the path of an unlinked file */

struct image {
	struct image_cache *cache;
	struct symcache_key file;
	uint64_t used;		/* tick of the last use */
	uint64_t idle_since_ns; /* when the last reference was dropped */
	uint64_t seen_ns;	/* when the file was last seen to be what it was when opened */
	struct names names;
	char *path;
	char *hex;    /* the build id, once it was asked for */
	size_t index; /* in cache->images */
	uint32_t id;
	uint32_t refs;
	uint32_t pid;
	int fd;
	bool is_ours;
};

struct image_cache {
	struct image_limits limits;
	struct namer *namer;
	struct image **images;
	size_t cnt, cap;
	struct idmap by_file;  /* hash of the identity ──► image */
	struct idmap by_inode; /* hash of (dev, ino) ──► the image opened last */
	uint64_t tick;
	uint32_t next_id;
	uint64_t swept_ns; /* when idle images were last looked for */
};

const struct image_limits image_limits_default = {
	.max_images = 2048,
	.max_tables = 1024,
	.max_file_bytes = UINT64_C(4) << 30,
	.max_symbols = 8u << 20,
	.max_eager = 1u << 18,
	.max_table_bytes = UINT64_C(192) << 20,
	.cached_blocks = 192,
	.cache_bytes = UINT64_C(256) << 20,
	.cache_files = 8192,
	.max_memory_bytes = UINT64_C(16) << 20,
	.clock = &clock_system,
	.read_share = 20,
	.read_burst_ns = 5 * NSEC_PER_SEC,
	.max_idle_ns = 120 * NSEC_PER_SEC,
};

static uint64_t file_key(const struct symcache_key *id)
{
	uint64_t key[] = {id->dev, id->ino, id->size, (uint64_t)id->mtime_ns};

	return hash_bytes(key, sizeof(key));
}

static uint64_t inode_key(uint64_t dev, uint64_t ino)
{
	uint64_t key[2] = {dev, ino};

	return hash_bytes(key, sizeof(key));
}

static bool read_file_id(int fd, struct symcache_key *ret)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return false;
	*ret = (struct symcache_key){
		.dev = st.st_dev,
		.ino = st.st_ino,
		.size = (uint64_t)st.st_size,
		.mtime_ns = (int64_t)st.st_mtim.tv_sec * (int64_t)NSEC_PER_SEC + st.st_mtim.tv_nsec,
		.ctime_ns = (int64_t)st.st_ctim.tv_sec * (int64_t)NSEC_PER_SEC + st.st_ctim.tv_nsec,
	};
	return true;
}

/* Not by the time of change: a file that is unlinked or made executable is still the same. */
static bool same_file(const struct symcache_key *a, const struct symcache_key *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->mtime_ns == b->mtime_ns;
}

static struct image *map_get(const struct idmap *map, uint64_t key)
{
	uint64_t value;

	return idmap_get(map, key, &value) ? (struct image *)(uintptr_t)value : NULL;
}

static void map_forget(struct idmap *map, uint64_t key, const struct image *image)
{
	if (map_get(map, key) == image)
		(void)idmap_remove(map, key, NULL);
}

int image_cache_new(const struct image_limits *limits, struct image_cache **ret_cache)
{
	struct image_cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return -ENOMEM;
	cache->limits = *limits;
	cache->limits.cache_dir = NULL; /* borrowed for this call only */
	if (namer_new(limits, &cache->namer)) {
		free(cache);
		return -ENOMEM;
	}
	idmap_init(&cache->by_file, limits->max_images);
	idmap_init(&cache->by_inode, limits->max_images);
	*ret_cache = cache;
	return 0;
}

static void image_free(struct image *image)
{
	if (!image)
		return;
	names_forget(image->cache->namer, &image->names);
	if (image->fd >= 0)
		(void)close(image->fd);
	free(image->path);
	free(image->hex);
	free(image);
}

void image_cache_free(struct image_cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < cache->cnt; i++)
		image_free(cache->images[i]);
	free(cache->images);
	idmap_release(&cache->by_file);
	idmap_release(&cache->by_inode);
	namer_free(cache->namer);
	free(cache);
}

static void forget_image(struct image *image)
{
	struct image_cache *cache = image->cache;

	map_forget(&cache->by_file, file_key(&image->file), image);
	map_forget(&cache->by_inode, inode_key(image->file.dev, image->file.ino), image);
	cache->cnt--;
	cache->images[image->index] = cache->images[cache->cnt];
	cache->images[image->index]->index = image->index;
	image_free(image);
}

static int make_room(struct image_cache *cache)
{
	struct image *oldest = NULL;

	if (cache->cnt < cache->limits.max_images)
		return 0;
	for (size_t i = 0; i < cache->cnt; i++) {
		struct image *image = cache->images[i];

		if (!image->refs && (!oldest || image->used < oldest->used))
			oldest = image;
	}
	if (!oldest)
		return -ENOSPC;
	forget_image(oldest);
	return 0;
}

static struct str base_name(struct str path)
{
	struct str deleted = STR_LIT(DELETED);
	const char *slash;

	if (path.len > deleted.len &&
	    !memcmp(path.p + path.len - deleted.len, deleted.p, deleted.len))
		path.len -= deleted.len;
	slash = path.len ? memrchr(path.p, '/', path.len) : NULL;
	if (slash && slash + 1 < path.p + path.len)
		return (struct str){slash + 1, (size_t)(path.p + path.len - slash - 1)};
	return path;
}

static bool begins_with(struct str s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && !memcmp(s.p, prefix, len);
}

/* glibc: ld-linux-x86-64.so.2, before 2.34 a link to ld-2.31.so; musl: ld-musl-aarch64.so.1. */
static bool has_loader_name(struct str name)
{
	if (!begins_with(name, "ld-") && !begins_with(name, "ld.so") &&
	    !begins_with(name, "ld64.so"))
		return false;
	return memmem(name.p, name.len, ".so", 3) != NULL;
}

static int insert_image(struct image_cache *cache, struct image *image)
{
	int r = mem_grow(&cache->images, &cache->cap, cache->cnt + 1, sizeof(*cache->images),
			 cache->limits.max_images);

	if (!r)
		r = idmap_put(&cache->by_file, file_key(&image->file), (uintptr_t)image);
	if (!r)
		r = idmap_put(&cache->by_inode, inode_key(image->file.dev, image->file.ino),
			      (uintptr_t)image);
	if (r) {
		map_forget(&cache->by_file, file_key(&image->file), image);
		return r;
	}
	image->index = cache->cnt;
	image->id = cache->next_id++;
	image->used = ++cache->tick;
	cache->images[cache->cnt++] = image;
	return 0;
}

int image_cache_open(struct image_cache *cache, int fd, const char *path, struct image **ret_image)
{
	struct image *image = NULL;
	uint64_t now_ns = clock_mono_ns(cache->limits.clock);
	struct symcache_key id;
	int r;

	if (!read_file_id(fd, &id)) {
		(void)close(fd);
		return -EINVAL;
	}
	image = map_get(&cache->by_file, file_key(&id));
	if (image && same_file(&image->file, &id)) {
		(void)close(fd);
		image->seen_ns = now_ns;
		*ret_image = image_ref(image);
		return 0;
	}
	r = make_room(cache);
	image = r ? NULL : calloc(1, sizeof(*image));
	if (!image) {
		(void)close(fd);
		return r ? r : -ENOMEM;
	}
	image->cache = cache;
	image->fd = fd;
	image->file = id;
	image->seen_ns = now_ns;
	image->names.debug_fd = -1;
	image->refs = 1;
	image->path = mem_strndup(path, strlen(path));
	r = image->path ? 0 : -ENOMEM;
	if (!r)
		r = insert_image(cache, image);
	if (r) {
		image_free(image);
		return r;
	}
	*ret_image = image;
	return 0;
}

/* As of mono_ns or later. */
static bool is_unchanged(struct image *image, uint64_t mono_ns)
{
	struct symcache_key now;
	uint64_t now_ns;

	if (image->seen_ns >= mono_ns)
		return true;
	now_ns = clock_mono_ns(image->cache->limits.clock);
	if (!read_file_id(image->fd, &now) || !same_file(&image->file, &now))
		return false;
	image->seen_ns = now_ns;
	return true;
}

struct image *image_cache_find(struct image_cache *cache, uint32_t maj, uint32_t min, uint64_t ino,
			       uint64_t mono_ns)
{
	uint64_t dev = makedev(maj, min);
	struct image *image = map_get(&cache->by_inode, inode_key(dev, ino));

	if (!image || image->file.dev != dev || image->file.ino != ino)
		return NULL;
	return is_unchanged(image, mono_ns) ? image_ref(image) : NULL;
}

struct image *image_ref(struct image *image)
{
	image->refs++;
	image->used = ++image->cache->tick;
	return image;
}

void image_unref(struct image *image)
{
	if (image && !--image->refs)
		image->idle_since_ns = clock_mono_ns(image->cache->limits.clock);
}

void image_cache_expire(struct image_cache *cache)
{
	uint64_t now_ns = clock_mono_ns(cache->limits.clock);

	namer_tick(cache->namer);
	if (now_ns - cache->swept_ns < cache->limits.max_idle_ns / 8)
		return;
	cache->swept_ns = now_ns;
	for (size_t i = cache->cnt; i-- > 0;) { /* the last one takes the place of one that goes */
		struct image *image = cache->images[i];

		if (!image->refs && now_ns - image->idle_since_ns > cache->limits.max_idle_ns)
			forget_image(image);
	}
}

void image_cache_shrink(struct image_cache *cache)
{
	namer_shrink(cache->namer);
}

int image_fd(const struct image *image)
{
	return image->fd;
}

int image_debug_fd(const struct image *image)
{
	return image->names.debug_fd;
}

uint32_t image_id(const struct image *image)
{
	return image->id;
}

struct str image_module(const struct image *image)
{
	return base_name(str_of(image->path));
}

struct str image_path(const struct image *image)
{
	return str_of(image->path);
}

static struct names_file names_file(struct image *image)
{
	return (struct names_file){
		.names = &image->names,
		.fd = image->fd,
		.path = image->path,
		.pid = image->pid,
		.is_ours = image->is_ours,
		.key = image->file,
	};
}

struct str image_build_id(struct image *image)
{
	static const char digits[] = "0123456789abcdef";
	struct names_file file = names_file(image);
	struct buildid id;
	char hex[2 * BUILDID_MAX];

	if (!image->hex && !names_build_id(image->cache->namer, &file, &id)) {
		for (size_t i = 0; i < id.len; i++) {
			hex[2 * i] = digits[id.bytes[i] >> 4];
			hex[2 * i + 1] = digits[id.bytes[i] & 0xf];
		}
		image->hex = mem_strndup(hex, (size_t)2 * id.len);
	}
	return image->hex ? str_of(image->hex) : STR_LIT("");
}

bool image_is_loader(const struct image *image)
{
	return has_loader_name(image_module(image));
}

void image_trust(struct image *image)
{
	image->is_ours = true;
}

void image_set_pid(struct image *image, uint32_t pid)
{
	image->pid = pid;
}

void image_cache_set_debug(struct image_cache *cache, image_open_debug_fn fn, void *arg)
{
	namer_set_opener(cache->namer, fn, arg);
}

bool image_is_pending(const struct image *image)
{
	return image->names.put_off;
}

bool image_symbol(struct image *image, uint64_t offset, struct str *ret_name,
		  struct image_range *ret_range)
{
	struct names_file file = names_file(image);

	return names_find(image->cache->namer, &file, offset, ret_name, ret_range);
}

int image_rules(struct image *image, uint32_t first_chunk, uint32_t cnt, struct buf *reply)
{
	struct names_file file = names_file(image);

	return names_rules(image->cache->namer, &file, first_chunk, cnt, reply);
}

void image_cache_stats(const struct image_cache *cache, struct image_stats *ret_stats)
{
	namer_stats(cache->namer, ret_stats);
	ret_stats->images = cache->cnt;
}
