/* Keys in order: whatever they are, as a comparison of whole keys puts them. */
#include "tests/projections/support.h"

#include "projections/key_sort.h"

#define KEY_MAX 24

struct noted {
    uint8_t size;
    uint8_t data[KEY_MAX];
};

static struct tn_bytes key_of(const void *of)
{
    const struct noted *noted = of;

    return tn_bytes(noted->data, noted->size);
}

static int compare(const void *a, const void *b)
{
    return tn_bytes_compare(key_of(*(const struct noted *const *) a),
                            key_of(*(const struct noted *const *) b));
}

/* `same` leading bytes are one of two, so that many keys are alike in all that is looked at first.
 */
static void check(size_t count, size_t same, uint64_t seed)
{
    struct numbers numbers = {.state = seed};
    struct noted *noted = calloc(count + 1, sizeof(*noted));
    struct tn_key_item *items = calloc(count + 1, sizeof(*items));
    const struct noted **expected = calloc(count + 1, sizeof(*expected));

    assert_true(noted != NULL && items != NULL && expected != NULL);
    for (size_t i = 0; i < count; i++) {
        noted[i].size = (uint8_t) (number_below(&numbers, KEY_MAX + 1));
        for (size_t at = 0; at < noted[i].size; at++) {
            noted[i].data[at] = (uint8_t) (at < same ? number_below(&numbers, 2) * 0xff
                                                     : number_below(&numbers, 256));
        }
        items[i] = tn_key_item(&noted[i], key_of);
        expected[i] = &noted[i];
    }
    tn_key_sort(items, count, key_of);
    qsort(expected, count, sizeof(*expected), compare);
    for (size_t i = 0; i < count; i++) {
        assert_true(tn_bytes_equal(key_of(items[i].of), key_of(expected[i])));
    }
    /* Each one is there once. */
    for (size_t i = 0; i < count; i++) {
        struct noted *one = items[i].of;

        assert_true(one->size <= KEY_MAX);
        one->size = UINT8_MAX;
    }
    free(noted);
    free(items);
    free(expected);
}

static void keys_come_in_the_order_of_their_bytes(void **state)
{
    (void) state;
    for (size_t same = 0; same <= KEY_MAX; same += 3) {
        for (size_t count = 0; count <= 60; count++) {
            check(count, same, count + same + 1);
        }
        check(5000, same, same + 1);
        check(20000, same, same + 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_come_in_the_order_of_their_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
