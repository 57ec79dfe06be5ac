/* A disk that loses what was not synced, to be preloaded into a program under test.
 *
 * A killed process loses nothing: the kernel still has its writes. A power cut loses every write
 * since the last fsync or fdatasync of its file, and every name made, moved or removed since the
 * last fsync of its directory. This library keeps what is needed to take those back, and at the
 * chosen moment it does so and kills the process, so that the next one finds the disk as after a
 * power cut.
 *
 *   LOSING_DISK_ROOT          absolute folder that is watched; nothing is done without it
 *   LOSING_DISK_STASH         folder on the same file system, outside ROOT, that keeps removed
 * files SIGUSR2                   cut the power now LOSING_DISK_AFTER_SYNCS   cut it instead of the
 * nth sync (1 the first) LOSING_DISK_AFTER_WRITES  cut it instead of the nth write LOSING_DISK_TORN
 * a number: of unsynced bytes behind the synced end of a file a part chosen by it stays, as when a
 * disk was in the middle of writing them LOSING_DISK_KEEP_NAMES    set: names are not taken back
 * (as on a file system that orders them)
 *
 * Stricter than most file systems: syncing a file does not keep its name. A program that maps a
 * file for shared writing is aborted. Not seen: io_uring, copy_file_range, truncate by name, names
 * relative to a descriptor, and system calls made without libc.
 *
 * One lock is held over every call that is watched, so that at the cut each is whole or not begun.
 */
#include "tests/e2e/losing_disk.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Old bytes of a synced part that was written over, newest first. */
struct undo {
    struct undo *next;
    off_t offset;
    size_t size;
    unsigned char bytes[];
};

/* A file, by what it is and not by its name. */
struct file {
    struct file *next;
    dev_t device;
    ino_t inode;
    off_t synced_size;
    struct undo *undo;
};

enum name_change { NAME_MADE, NAME_MOVED, NAME_REMOVED };

/* A change of a folder since it was synced, newest first. */
struct name {
    struct name *next;
    enum name_change change;
    dev_t device; /* of the folder in which `path` is */
    ino_t folder;
    char *path;  /* that was made, moved to, or removed */
    char *from;  /* that was moved away, or NULL */
    char *stash; /* where the file lies that was replaced or removed, or NULL */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct file *files;
static struct name *names;
static const char *root;
static const char *stash;
static unsigned long stash_count;
static unsigned long syncs;
static unsigned long writes;
static unsigned long syncs_max;
static unsigned long writes_max;

static void *watch_signal(void *context);
static void cut_power(void);
static void undo_names(void);
static void undo_file(int fd, const struct file *file);
static struct file *find_file(const struct stat *about);
static struct file *file_of(int fd);

__attribute__((constructor)) static void start(void)
{
    root = getenv("LOSING_DISK_ROOT");
    stash = getenv("LOSING_DISK_STASH");
    const char *after = getenv("LOSING_DISK_AFTER_SYNCS");
    syncs_max = after != NULL ? strtoul(after, NULL, 10) : 0;
    after = getenv("LOSING_DISK_AFTER_WRITES");
    writes_max = after != NULL ? strtoul(after, NULL, 10) : 0;
    if (root == NULL) {
        return;
    }
    /* Blocked here, before any other thread exists, and so in all of them: only our thread gets it.
     */
    sigset_t signals;
    pthread_t thread;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (pthread_create(&thread, NULL, watch_signal, NULL) == 0) {
        pthread_detach(thread);
    }
}

static void *watch_signal(void *context)
{
    sigset_t signals;
    int number = 0;
    (void) context;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR2);
    if (sigwait(&signals, &number) == 0) {
        pthread_mutex_lock(&lock);
        cut_power();
    }
    return NULL;
}

/* ---- what the wrapped calls ask for, under the lock ---- */

void losing_disk_lock(void)
{
    pthread_mutex_lock(&lock);
}

void losing_disk_unlock(void)
{
    int keep = errno;
    pthread_mutex_unlock(&lock);
    errno = keep;
}

bool losing_disk_watches(const char *path)
{
    char whole[PATH_MAX];
    if (root == NULL || path == NULL) {
        return false;
    }
    if (path[0] != '/') {
        char folder[PATH_MAX];
        if (getcwd(folder, sizeof(folder)) == NULL ||
            snprintf(whole, sizeof(whole), "%s/%s", folder, path) >= (int) sizeof(whole)) {
            return false;
        }
        path = whole;
    }
    size_t size = strlen(root);
    return strncmp(path, root, size) == 0 && (path[size] == '/' || path[size] == '\0');
}

void losing_disk_opened(int fd, bool made)
{
    struct stat about;
    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
        return;
    }
    struct file *file = find_file(&about);
    if (file != NULL && made) { /* an old number for a new file */
        while (file->undo != NULL) {
            struct undo *undo = file->undo;
            file->undo = undo->next;
            free(undo);
        }
        file->synced_size = 0;
    } else if (file == NULL) {
        file = calloc(1, sizeof(*file));
        if (file == NULL) {
            abort();
        }
        file->device = about.st_dev;
        file->inode = about.st_ino;
        file->synced_size = made ? 0 : about.st_size; /* what was there when we came is durable */
        file->next = files;
        files = file;
    }
}

void losing_disk_overwrites(int fd, off_t offset, off_t size)
{
    struct file *file = file_of(fd);
    if (file == NULL || offset >= file->synced_size || size <= 0) {
        return;
    }
    off_t end = size > file->synced_size - offset ? file->synced_size : offset + size;
    struct undo *undo = malloc(sizeof(*undo) + (size_t) (end - offset));
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd); /* fd may be for writing only */
    int reader = open(path, O_RDONLY | O_CLOEXEC);
    if (undo == NULL || reader < 0) {
        abort();
    }
    undo->offset = offset;
    undo->size = 0;
    while (offset + (off_t) undo->size < end) {
        ssize_t got = pread(reader, undo->bytes + undo->size, (size_t) (end - offset) - undo->size,
                            offset + (off_t) undo->size);
        if (got <= 0) {
            break; /* shorter by now: its bytes were kept when it was cut */
        }
        undo->size += (size_t) got;
    }
    close(reader);
    undo->next = file->undo;
    file->undo = undo;
}

void losing_disk_write_due(void)
{
    if (writes_max != 0 && ++writes >= writes_max) {
        cut_power();
    }
}

void losing_disk_sync_due(void)
{
    if (syncs_max != 0 && ++syncs >= syncs_max) {
        cut_power();
    }
}

void losing_disk_synced(int fd)
{
    struct stat about;
    if (fstat(fd, &about) != 0) {
        return;
    }
    if (S_ISDIR(about.st_mode)) {
        struct name **link = &names;
        while (*link != NULL) {
            struct name *name = *link;
            if (name->device != about.st_dev || name->folder != about.st_ino) {
                link = &name->next;
                continue;
            }
            *link = name->next;
            if (name->stash != NULL) {
                losing_disk_real_unlink(name->stash);
            }
            free(name->path);
            free(name->from);
            free(name->stash);
            free(name);
        }
        return;
    }
    struct file *file = find_file(&about);
    if (file != NULL) {
        while (file->undo != NULL) {
            struct undo *undo = file->undo;
            file->undo = undo->next;
            free(undo);
        }
        file->synced_size = about.st_size;
    }
}

/* The file that is about to lose its last name gets another one in the stash. */
static char *put_aside(const char *path)
{
    char *aside = NULL;
    if (stash == NULL || asprintf(&aside, "%s/%lu-%d", stash, stash_count++, (int) getpid()) < 0) {
        return NULL;
    }
    if (losing_disk_real_link(path, aside) != 0) {
        free(aside);
        return NULL;
    }
    return aside;
}

struct name *losing_disk_name(const char *path, const char *from, bool removes)
{
    struct name *name = calloc(1, sizeof(*name));
    char folder[PATH_MAX];
    struct stat about;
    if (name == NULL || snprintf(folder, sizeof(folder), "%s", path) >= (int) sizeof(folder)) {
        abort();
    }
    char *slash = strrchr(folder, '/');
    if (slash == NULL) {
        snprintf(folder, sizeof(folder), ".");
    } else {
        *slash = '\0';
    }
    if (stat(folder, &about) == 0) {
        name->device = about.st_dev;
        name->folder = about.st_ino;
    }
    name->change = removes ? NAME_REMOVED : from != NULL ? NAME_MOVED : NAME_MADE;
    name->path = strdup(path);
    name->from = from != NULL ? strdup(from) : NULL;
    if (name->path == NULL || (from != NULL && name->from == NULL)) {
        abort();
    }
    if (removes || from != NULL) {
        name->stash = put_aside(path);
    }
    return name;
}

void losing_disk_name_done(struct name *name, bool happened)
{
    if (happened) {
        name->next = names;
        names = name;
        return;
    }
    if (name->stash != NULL) {
        losing_disk_real_unlink(name->stash);
    }
    free(name->path);
    free(name->from);
    free(name->stash);
    free(name);
}

/* ---- the cut ---- */

/* Under the lock, which is never given back: no watched call of another thread goes on. */
static void cut_power(void)
{
    /* Contents before names: a file is found by the name that it has now. */
    for (struct file *file = files; file != NULL; file = file->next) {
        int fd = losing_disk_open_inode(file->device, file->inode, root, stash);
        if (fd >= 0) {
            undo_file(fd, file);
            close(fd);
        }
    }
    if (getenv("LOSING_DISK_KEEP_NAMES") == NULL) {
        undo_names();
    }
    kill(getpid(), SIGKILL);
    for (;;) {
        pause();
    }
}

static void undo_file(int fd, const struct file *file)
{
    struct stat about;
    const char *torn = getenv("LOSING_DISK_TORN");
    for (const struct undo *undo = file->undo; undo != NULL; undo = undo->next) {
        if (undo->size != 0 && losing_disk_real_pwrite(fd, undo->bytes, undo->size, undo->offset) !=
                                   (ssize_t) undo->size) {
            abort();
        }
    }
    if (fstat(fd, &about) != 0) {
        return;
    }
    off_t size = file->synced_size;
    if (torn != NULL && about.st_size > size) {
        unsigned long chosen = (strtoul(torn, NULL, 10) + (unsigned long) file->inode) *
                               0x9e3779b97f4a7c15u;
        size += (off_t) ((chosen >> 20) % (unsigned long) (about.st_size - size + 1));
    }
    if (losing_disk_real_ftruncate(fd, size) != 0) {
        abort();
    }
}

static void undo_names(void)
{
    for (const struct name *name = names; name != NULL; name = name->next) {
        switch (name->change) {
        case NAME_MADE:
            losing_disk_real_unlink(name->path);
            break;
        case NAME_MOVED:
            losing_disk_real_rename(name->path, name->from);
            break;
        case NAME_REMOVED:
            break;
        }
        if (name->stash != NULL) {
            losing_disk_real_rename(name->stash, name->path);
        }
    }
}

static struct file *find_file(const struct stat *about)
{
    for (struct file *file = files; file != NULL; file = file->next) {
        if (file->device == about->st_dev && file->inode == about->st_ino) {
            return file;
        }
    }
    return NULL;
}

static struct file *file_of(int fd)
{
    struct stat about;
    return fstat(fd, &about) == 0 ? find_file(&about) : NULL;
}
