#include "tests/ledger/base/unit.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/base/check.h"

struct outer {
    int before;
    int inner;
};

static void a_false_check_aborts_with_its_place(void **state)
{
    (void) state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        /* cmocka catches SIGABRT of the parent's tests; the child dies of it as a program would. */
        (void) signal(SIGABRT, SIG_DFL);
        (void) dup2(ends[1], STDERR_FILENO);
        TN_CHECK(1 + 1 == 3);
        _exit(0);
    }
    (void) close(ends[1]);
    char said[512] = "";
    ssize_t size = read(ends[0], said, sizeof(said) - 1);
    assert_true(size > 0);
    (void) close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_non_null(strstr(said, "check_test.c"));
    assert_non_null(strstr(said, "1 + 1 == 3"));
}

static void macros_find_sizes_and_owners(void **state)
{
    (void) state;
    int items[7] = {0};
    assert_int_equal(TN_ARRAY_SIZE(items), 7);
    struct outer outer = {.before = 1, .inner = 2};
    int *inner = &outer.inner;
    assert_ptr_equal(TN_CONTAINER_OF(inner, struct outer, inner), &outer);
    TN_CHECK(items[0] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_false_check_aborts_with_its_place),
        cmocka_unit_test(macros_find_sizes_and_owners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
