/* Does the losing disk lose what it must, and nothing else? Every scenario runs in a process of its
 * own under the library, which is named by the only argument, and ends with the power cut. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char *library;
static char base[200];

/* ---- the side that loses power ---- */

static void need(int result)
{
    if (result < 0) {
        perror("losing_disk_check");
        _exit(9);
    }
}

static void put(int fd, const char *text)
{
    need(write(fd, text, strlen(text)) == (ssize_t) strlen(text) ? 0 : -1);
}

static void sync_folder(void)
{
    int fd = open(".", O_RDONLY | O_DIRECTORY);
    need(fd);
    need(fsync(fd));
    need(close(fd));
}

static int make(const char *name, const char *synced)
{
    int fd = open(name, O_CREAT | O_RDWR, 0600);
    need(fd);
    put(fd, synced);
    need(fdatasync(fd));
    return fd;
}

static void contents(void)
{
    int append = make("append", "AAAA");
    put(append, "BBBB");
    int all = make("all", "AAAA");
    put(all, "BBBB");
    need(fsync(all));
    int over = make("over", "AAAAAAAA");
    need(pwrite(over, "BB", 2, 2) == 2 ? 0 : -1);
    need(pwrite(over, "CCCCCCCC", 8, 3) == 8 ? 0 : -1);
    need(ftruncate(over, 1));
    int kept = make("kept", "AAAAAAAA");
    need(pwrite(kept, "BB", 2, 2) == 2 ? 0 : -1);
    need(fdatasync(kept));
    need(pwrite(kept, "CC", 2, 0) == 2 ? 0 : -1);
    int parts = make("parts", "AAAA");
    struct iovec both[2] = {{.iov_base = (char[]){"BB"}, .iov_len = 2},
                            {.iov_base = (char[]){"CC"}, .iov_len = 2}};
    need(lseek(parts, 2, SEEK_SET) == 2 ? 0 : -1);
    need(writev(parts, both, 2) == 4 ? 0 : -1);
    int again = make("again", "AAAA");
    need(close(again));
    again = open("again", O_WRONLY | O_TRUNC);
    need(again);
    put(again, "BB");
    int behind = make("behind", "AAAA");
    int second = open("behind", O_WRONLY | O_APPEND);
    need(second);
    put(second, "BB");
    need(close(behind));
    need(fallocate(second, FALLOC_FL_KEEP_SIZE, 0, 4096));
    sync_folder();
}

static void names_of_files(void)
{
    (void) make("old", "OLD");
    (void) make("gone", "GONE");
    (void) make("target", "TARGET");
    sync_folder();
    (void) make("new", "NEW");
    need(rename("old", "moved"));
    need(rename("new", "target"));
    need(unlink("gone"));
    need(link("moved", "linked"));
}

static void names_that_were_synced(void)
{
    names_of_files();
    sync_folder();
}

static void torn(void)
{
    int fd = make("torn", "AAAA");
    sync_folder();
    put(fd, "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB");
}

static void counted(void)
{
    int fd = make("counted", "A");
    sync_folder();
    for (int i = 0; i < 100; i++) {
        put(fd, "B");
        need(fdatasync(fd));
    }
}

static const struct {
    const char *name;
    void (*run)(void);
} scenarios[] = {
    {"contents", contents}, {"names", names_of_files}, {"synced", names_that_were_synced},
    {"torn", torn},         {"counted", counted},
};

static int lose(const char *name)
{
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
        if (strcmp(scenarios[i].name, name) == 0) {
            scenarios[i].run();
            kill(getpid(), SIGUSR2);
            pause();
        }
    }
    return 9;
}

/* ---- the side that looks at what is left ---- */

static void run(const char *scenario, const char *variable, const char *value)
{
    char root[256];
    char stash[256];
    char command[1200];
    snprintf(root, sizeof(root), "%s/root", base);
    snprintf(stash, sizeof(stash), "%s/stash", base);
    snprintf(command, sizeof(command), "rm -rf '%s' '%s' && mkdir '%s' '%s'", root, stash, root,
             stash);
    assert_int_equal(system(command), 0);
    assert_int_equal(chdir(root), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setenv("LD_PRELOAD", library, 1);
        setenv("LOSING_DISK_ROOT", root, 1);
        setenv("LOSING_DISK_STASH", stash, 1);
        if (variable != NULL) {
            setenv(variable, value, 1);
        }
        execl("/proc/self/exe", "losing_disk_check", "--lose", scenario, (char *) NULL);
        _exit(9);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* NULL: there is no such file. */
static void expect(const char *name, const char *wanted)
{
    char found[256] = {0};
    int fd = open(name, O_RDONLY);
    if (wanted == NULL) {
        if (fd >= 0) {
            fail_msg("%s is there", name);
        }
        return;
    }
    if (fd < 0) {
        fail_msg("%s is not there", name);
    }
    assert_true(read(fd, found, sizeof(found) - 1) >= 0);
    close(fd);
    if (strcmp(found, wanted) != 0) {
        fail_msg("%s holds \"%s\", not \"%s\"", name, found, wanted);
    }
}

static void unsynced_writes_vanish_and_synced_ones_stay(void **state)
{
    (void) state;
    run("contents", NULL, NULL);
    expect("append", "AAAA");
    expect("all", "AAAABBBB");
    expect("over", "AAAAAAAA");
    expect("kept", "AABBAAAA");
    expect("parts", "AAAA");
    expect("again", "AAAA");
    expect("behind", "AAAA");
}

static void unsynced_names_are_as_before(void **state)
{
    (void) state;
    run("names", NULL, NULL);
    expect("old", "OLD");
    expect("gone", "GONE");
    expect("target", "TARGET");
    expect("new", NULL);
    expect("moved", NULL);
    expect("linked", NULL);
    run("synced", NULL, NULL);
    expect("old", NULL);
    expect("gone", NULL);
    expect("target", "NEW");
    expect("new", NULL);
    expect("moved", "OLD");
    expect("linked", "OLD");
    run("names", "LOSING_DISK_KEEP_NAMES", "1");
    expect("old", NULL);
    expect("target", "NEW");
    expect("moved", "OLD");
}

static void a_torn_end_keeps_a_part(void **state)
{
    (void) state;
    bool kept_some = false;
    for (int seed = 0; seed < 8; seed++) {
        char number[16];
        struct stat about;
        snprintf(number, sizeof(number), "%d", seed);
        run("torn", "LOSING_DISK_TORN", number);
        assert_int_equal(stat("torn", &about), 0);
        assert_true(about.st_size >= 4 && about.st_size <= 36);
        kept_some = kept_some || (about.st_size > 4 && about.st_size < 36);
    }
    assert_true(kept_some);
}

static void the_power_goes_when_it_was_told_to(void **state)
{
    (void) state;
    /* Two syncs before the loop; the cut comes instead of its fourth. */
    run("counted", "LOSING_DISK_AFTER_SYNCS", "6");
    expect("counted", "ABBB");
    run("counted", "LOSING_DISK_AFTER_WRITES", "4");
    expect("counted", "ABB");
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--lose") == 0) {
        return lose(argv[2]);
    }
    if (argc != 2) {
        fputs("usage: losing_disk_check LIBRARY\n", stderr);
        return 2;
    }
    library = argv[1];
    const char *temporary = getenv("TMPDIR");
    snprintf(base, sizeof(base), "%s/turno-disk-XXXXXX", temporary != NULL ? temporary : P_tmpdir);
    if (mkdtemp(base) == NULL) {
        return 4;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unsynced_writes_vanish_and_synced_ones_stay),
        cmocka_unit_test(unsynced_names_are_as_before),
        cmocka_unit_test(a_torn_end_keeps_a_part),
        cmocka_unit_test(the_power_goes_when_it_was_told_to),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char command[300];
    snprintf(command, sizeof(command), "cd / && rm -rf '%s'", base);
    return system(command) == 0 ? failed : 4;
}
