/* What the two halves of the losing disk share: losing_disk.c keeps what a power cut would take
 * back, losing_disk_calls.c wraps the calls of libc. All under the lock. */
#ifndef TN_TESTS_E2E_LOSING_DISK_H
#define TN_TESTS_E2E_LOSING_DISK_H

#include <stdbool.h>
#include <sys/types.h>

struct name;

void losing_disk_lock(void);
void losing_disk_unlock(void); /* keeps errno */
bool losing_disk_watches(const char *path);
/* A file was opened; `made` when this call made it. */
void losing_disk_opened(int fd, bool made);
/* `size` bytes from `offset` on are about to change or to go. */
void losing_disk_overwrites(int fd, off_t offset, off_t size);
/* Counts; does not return when the power goes now. */
void losing_disk_write_due(void);
void losing_disk_sync_due(void);
void losing_disk_synced(int fd);
/* `path` is about to be made, to be moved to (`from`), or to be removed; then whether it happened.
 */
struct name *losing_disk_name(const char *path, const char *from, bool removes);
void losing_disk_name_done(struct name *name, bool happened);

/* libc's own. */
ssize_t losing_disk_real_pwrite(int fd, const void *bytes, size_t size, off_t offset);
int losing_disk_real_ftruncate(int fd, off_t size);
int losing_disk_real_unlink(const char *path);
int losing_disk_real_rename(const char *from, const char *to);
int losing_disk_real_link(const char *from, const char *to);
/* A descriptor for writing of the file with this number below `root` or in `stash`; -1: no name. */
int losing_disk_open_inode(dev_t device, ino_t inode, const char *root, const char *stash);

#endif
