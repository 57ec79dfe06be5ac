/* The calls of libc through which a program changes files, wrapped for losing_disk.c. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/e2e/losing_disk.h"

/* With _FORTIFY_SOURCE glibc calls these. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);

/* Descriptors beyond this are not watched. */
#define FDS_MAX 65536
static bool watched[FDS_MAX];

static bool is_watched(int fd)
{
    return fd >= 0 && fd < FDS_MAX && watched[fd];
}

/* The next definition of the calling function's name; ISO C has no cast from object to function. */
#define REAL(type, name)                                                                           \
    static type name##_real;                                                                       \
    if (name##_real == NULL) {                                                                     \
        void *symbol = dlsym(RTLD_NEXT, #name);                                                    \
        if (symbol == NULL) {                                                                      \
            abort();                                                                               \
        }                                                                                          \
        memcpy(&name##_real, &symbol, sizeof(symbol));                                             \
    }

typedef int openat_call(int, const char *, int, ...);
typedef int close_call(int);
typedef ssize_t write_call(int, const void *, size_t);
typedef ssize_t pwrite_call(int, const void *, size_t, off_t);
typedef ssize_t writev_call(int, const struct iovec *, int);
typedef ssize_t pwritev_call(int, const struct iovec *, int, off_t);
typedef int ftruncate_call(int, off_t);
typedef int fallocate_call(int, int, off_t, off_t);
typedef int two_paths_call(const char *, const char *);
typedef int path_call(const char *);
typedef void *mmap_call(void *, size_t, int, int, int, off_t);

/* ---- names ---- */

static int watched_open(int folder, const char *path, int flags, mode_t mode)
{
    REAL(openat_call *, openat)
    bool ours = folder == AT_FDCWD || path[0] == '/';
    if (!ours || !losing_disk_watches(path)) {
        int fd = openat_real(folder, path, flags, mode);
        if (fd >= 0 && fd < FDS_MAX) {
            watched[fd] = false;
        }
        return fd;
    }
    losing_disk_lock();
    struct stat about;
    bool there = stat(path, &about) == 0;
    struct name *name = NULL;
    if (!there && (flags & O_CREAT) != 0) {
        name = losing_disk_name(path, NULL, false);
    } else if (there && (flags & O_TRUNC) != 0 && S_ISREG(about.st_mode)) {
        int old = openat_real(folder, path, O_RDWR | O_CLOEXEC);
        if (old >= 0) {
            losing_disk_opened(old, false);
            losing_disk_overwrites(old, 0, about.st_size);
            (void) close(old);
        }
    }
    int fd = openat_real(folder, path, flags, mode);
    if (fd >= 0 && fd < FDS_MAX) {
        watched[fd] = true;
        losing_disk_opened(fd, name != NULL);
    }
    if (name != NULL) {
        losing_disk_name_done(name, fd >= 0);
    }
    losing_disk_unlock();
    return fd;
}

static mode_t mode_of(int flags, va_list arguments)
{
    bool given = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
    return given ? va_arg(arguments, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return watched_open(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return watched_open(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return watched_open(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return watched_open(folder, path, flags, mode);
}

int __open_2(const char *path, int flags)
{
    return watched_open(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags)
{
    return watched_open(AT_FDCWD, path, flags, 0);
}

int creat(const char *path, mode_t mode)
{
    return watched_open(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int close(int fd)
{
    REAL(close_call *, close)
    if (fd >= 0 && fd < FDS_MAX) {
        watched[fd] = false;
    }
    return close_real(fd);
}

int losing_disk_real_rename(const char *from, const char *to)
{
    REAL(two_paths_call *, rename)
    return rename_real(from, to);
}

int losing_disk_real_link(const char *from, const char *to)
{
    REAL(two_paths_call *, link)
    return link_real(from, to);
}

int losing_disk_real_unlink(const char *path)
{
    REAL(path_call *, unlink)
    return unlink_real(path);
}

int rename(const char *from, const char *to)
{
    if (!losing_disk_watches(to)) {
        return losing_disk_real_rename(from, to);
    }
    losing_disk_lock();
    struct name *name = losing_disk_name(to, from, false);
    int result = losing_disk_real_rename(from, to);
    losing_disk_name_done(name, result == 0);
    losing_disk_unlock();
    return result;
}

int link(const char *from, const char *to)
{
    if (!losing_disk_watches(to)) {
        return losing_disk_real_link(from, to);
    }
    losing_disk_lock();
    struct name *name = losing_disk_name(to, NULL, false);
    int result = losing_disk_real_link(from, to);
    losing_disk_name_done(name, result == 0);
    losing_disk_unlock();
    return result;
}

int unlink(const char *path)
{
    if (!losing_disk_watches(path)) {
        return losing_disk_real_unlink(path);
    }
    losing_disk_lock();
    struct name *name = losing_disk_name(path, NULL, true);
    int result = losing_disk_real_unlink(path);
    losing_disk_name_done(name, result == 0);
    losing_disk_unlock();
    return result;
}

/* ---- contents ---- */

/* Where a write without an offset goes. */
static off_t write_offset(int fd)
{
    struct stat about;
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0 && (flags & O_APPEND) != 0) {
        return fstat(fd, &about) == 0 ? about.st_size : 0;
    }
    return lseek(fd, 0, SEEK_CUR);
}

static off_t total(const struct iovec *parts, int count)
{
    off_t size = 0;
    for (int i = 0; i < count; i++) {
        size += (off_t) parts[i].iov_len;
    }
    return size;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    REAL(write_call *, write)
    if (!is_watched(fd)) {
        return write_real(fd, bytes, size);
    }
    losing_disk_lock();
    losing_disk_write_due();
    losing_disk_overwrites(fd, write_offset(fd), (off_t) size);
    ssize_t result = write_real(fd, bytes, size);
    losing_disk_unlock();
    return result;
}

ssize_t losing_disk_real_pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    REAL(pwrite_call *, pwrite)
    return pwrite_real(fd, bytes, size, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    if (!is_watched(fd)) {
        return losing_disk_real_pwrite(fd, bytes, size, offset);
    }
    losing_disk_lock();
    losing_disk_write_due();
    losing_disk_overwrites(fd, offset, (off_t) size);
    ssize_t result = losing_disk_real_pwrite(fd, bytes, size, offset);
    losing_disk_unlock();
    return result;
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t offset)
{
    return pwrite(fd, bytes, size, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    REAL(writev_call *, writev)
    if (!is_watched(fd)) {
        return writev_real(fd, parts, count);
    }
    losing_disk_lock();
    losing_disk_write_due();
    losing_disk_overwrites(fd, write_offset(fd), total(parts, count));
    ssize_t result = writev_real(fd, parts, count);
    losing_disk_unlock();
    return result;
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    REAL(pwritev_call *, pwritev)
    if (!is_watched(fd)) {
        return pwritev_real(fd, parts, count, offset);
    }
    losing_disk_lock();
    losing_disk_write_due();
    losing_disk_overwrites(fd, offset, total(parts, count));
    ssize_t result = pwritev_real(fd, parts, count, offset);
    losing_disk_unlock();
    return result;
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t offset)
{
    return pwritev(fd, parts, count, offset);
}

int losing_disk_real_ftruncate(int fd, off_t size)
{
    REAL(ftruncate_call *, ftruncate)
    return ftruncate_real(fd, size);
}

int ftruncate(int fd, off_t size)
{
    if (!is_watched(fd)) {
        return losing_disk_real_ftruncate(fd, size);
    }
    losing_disk_lock();
    losing_disk_overwrites(fd, size, LONG_MAX);
    int result = losing_disk_real_ftruncate(fd, size);
    losing_disk_unlock();
    return result;
}

int ftruncate64(int fd, off_t size)
{
    return ftruncate(fd, size);
}

int fallocate(int fd, int mode, off_t offset, off_t size)
{
    REAL(fallocate_call *, fallocate)
    if (!is_watched(fd)) {
        return fallocate_real(fd, mode, offset, size);
    }
    losing_disk_lock();
    if ((mode & ~FALLOC_FL_KEEP_SIZE) != 0) { /* holes, zeros, moved ranges */
        losing_disk_overwrites(fd, offset, LONG_MAX);
    }
    int result = fallocate_real(fd, mode, offset, size);
    losing_disk_unlock();
    return result;
}

int fallocate64(int fd, int mode, off_t offset, off_t size)
{
    return fallocate(fd, mode, offset, size);
}

/* What is written through a mapping is not seen, so a program that does that cannot be tested here.
 */
void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    REAL(mmap_call *, mmap)
    if (is_watched(fd) && (flags & MAP_SHARED) != 0 && (protection & PROT_WRITE) != 0) {
        static const char words[] = "losing disk: a watched file is mapped for shared writing\n";
        (void) syscall(SYS_write, STDERR_FILENO, words, sizeof(words) - 1);
        abort();
    }
    return mmap_real(address, size, protection, flags, fd, offset);
}

void *mmap64(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    return mmap(address, size, protection, flags, fd, offset);
}

/* ---- syncs ---- */

static int watched_sync(int fd, close_call *real)
{
    if (!is_watched(fd)) {
        return real(fd);
    }
    losing_disk_lock();
    losing_disk_sync_due();
    int result = real(fd);
    if (result == 0) {
        losing_disk_synced(fd);
    }
    losing_disk_unlock();
    return result;
}

int fsync(int fd)
{
    REAL(close_call *, fsync)
    return watched_sync(fd, fsync_real);
}

int fdatasync(int fd)
{
    REAL(close_call *, fdatasync)
    return watched_sync(fd, fdatasync_real);
}

/* ---- looking for a file by its number ---- */

static int search(const char *folder, dev_t device, ino_t inode, int depth)
{
    REAL(openat_call *, openat)
    DIR *at = depth > 0 ? opendir(folder) : NULL;
    int fd = -1;
    struct dirent *entry = NULL;
    while (at != NULL && fd < 0 && (entry = readdir(at)) != NULL) {
        char path[PATH_MAX];
        struct stat about;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >= (int) sizeof(path) ||
            lstat(path, &about) != 0) {
            continue;
        }
        if (S_ISDIR(about.st_mode)) {
            fd = search(path, device, inode, depth - 1);
        } else if (about.st_dev == device && about.st_ino == inode) {
            fd = openat_real(AT_FDCWD, path, O_RDWR | O_CLOEXEC);
        }
    }
    if (at != NULL) {
        closedir(at);
    }
    return fd;
}

int losing_disk_open_inode(dev_t device, ino_t inode, const char *root, const char *stash)
{
    int fd = search(root, device, inode, 8);
    return fd < 0 && stash != NULL ? search(stash, device, inode, 1) : fd;
}
