/* The statistical tests of spec/draw.md 7. Seeds are fixed, so a run never changes its mind; a
 * property is rejected at p < 1e-6, and a rule that is known to be biased must be. */
#include <math.h>
#include <sodium.h>
#include <stdlib.h>

#include "tests/ledger/rules/draw_fixture.h"

#define P_REJECT 1e-6

static struct fixture f;

static int setup(void **state)
{
    (void) state;
    return sodium_init() < 0;
}

/* --- distributions --- */

/* Upper tail of chi-square: the regularized incomplete gamma function Q(df / 2, x / 2). */
static double chi_square_p(double x, double df)
{
    double a = df / 2;
    double z = x / 2;
    double scale = exp(-z + a * log(z) - lgamma(a));

    if (z <= 0) {
        return 1;
    }
    if (z < a + 1) { /* by the series of P */
        double term = 1 / a;
        double sum = term;

        for (double n = 1; n < 10000; n++) {
            term *= z / (a + n);
            sum += term;
        }
        return 1 - sum * scale;
    }
    double b = z + 1 - a; /* by the continued fraction of Q (Lentz) */
    double c = 1e300;
    double d = 1 / b;
    double h = d;

    for (double n = 1; n < 10000; n++) {
        double an = -n * (n - a);

        b += 2;
        d = 1 / (an * d + b);
        c = b + an / c;
        h *= c * d;
    }
    return scale * h;
}

/* Two-sided tail of a standard normal. */
static double normal_p(double z)
{
    return erfc(fabs(z) / sqrt(2));
}

static double kolmogorov_p(double d, double n)
{
    double t = d * (sqrt(n) + 0.12 + 0.11 / sqrt(n));
    double sum = 0;

    for (int k = 1; k < 100; k++) {
        sum += (k % 2 == 1 ? 2 : -2) * exp(-2.0 * k * k * t * t);
    }
    return sum < 0 ? 0 : sum > 1 ? 1 : sum;
}

static double chi_square_of(const double *found, const double *expected, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum += (found[i] - expected[i]) * (found[i] - expected[i]) / expected[i];
    }
    return sum;
}

#define accept_p(p) accept_at((p), #p, __LINE__)
static void accept_at(double p, const char *what, int line)
{
    if (!(p >= P_REJECT)) {
        fail_msg("line %d: %s = %g", line, what, p);
    }
}

static void distributions_are_those_of_the_tables(void **state)
{
    (void) state;
    assert_true(fabs(chi_square_p(3.841459, 1) - 0.05) < 1e-6);
    assert_true(fabs(chi_square_p(18.307038, 10) - 0.05) < 1e-6);
    assert_true(fabs(chi_square_p(145.460740, 119) - 0.05) < 1e-5);
    assert_true(fabs(chi_square_p(2.0, 2) - exp(-1)) < 1e-9);
    assert_true(fabs(normal_p(1.959964) - 0.05) < 1e-6);
    assert_true(fabs(kolmogorov_p(0.0136, 10000) - 0.049) < 2e-3);
}

/* --- the draw --- */

/* A day with a fresh secret and a pool of `count` single people asking for one port. */
static void singles(const char *label, uint32_t count, uint64_t seats)
{
    fixture_init(&f, label);
    f.input.share_ppm = 0;
    fixture_port(&f, 2301, 1, seats);
    for (uint32_t i = 0; i < count; i++) {
        fixture_group(&f, 1, 2301);
    }
}

static void next_day(void)
{
    f.input.day++;
    tn_random_fill(&f.random, f.input.secret, TN_HASH_SIZE);
    fixture_draw(&f);
}

static void R09_every_order_of_five_groups_is_as_likely(void **state)
{
    double found[120] = {0};
    double expected[120];
    const uint32_t days = 24000;

    (void) state;
    singles("orders", 5, 5);
    for (uint32_t day = 0; day < days; day++) {
        uint32_t index = 0;

        next_day();
        assert_int_equal(f.result.winner_count, 5);
        for (uint32_t i = 0; i < 5;
             i++) { /* the order as a number: how many later ones are smaller */
            uint32_t smaller = 0;

            for (uint32_t j = i + 1; j < 5; j++) {
                smaller += f.result.winners[j].group < f.result.winners[i].group;
            }
            index = index * (5 - i) + smaller;
        }
        found[index]++;
    }
    for (size_t i = 0; i < 120; i++) {
        expected[i] = days / 120.0;
    }
    accept_p(chi_square_p(chi_square_of(found, expected, 120), 119));
    fixture_close(&f);
}

/* Whoever comes first, whatever the bits of the registration, whichever of two equal ports is the
 * first choice. */
static void R09_chances_do_not_depend_on_arrival_id_or_port(void **state)
{
    enum { GROUPS = 500, DAYS = 300, SEATS = 25 };
    static uint8_t registrations[GROUPS][16];
    double by_decile[10] = {0};
    double by_port[2] = {0};
    double bit_wins[128] = {0};
    double bit_groups[128] = {0};
    double expected[10];
    const double wins = 2.0 * SEATS * DAYS;

    (void) state;
    fixture_init(&f, "deciles");
    f.input.share_ppm = 0;
    fixture_port(&f, 2301, 1, SEATS);
    fixture_port(&f, 2504, 1, SEATS);
    for (uint32_t i = 0; i < GROUPS; i++) {
        tn_random_fill(&f.random, registrations[i], 16);
        struct tn_draw_group *group = fixture_group(&f, 1, i % 2 == 0 ? 2301 : 2504);

        group->port_count = 2; /* everybody takes either port, half of them this one first */
        group->ports[1] = i % 2 == 0 ? 2504 : 2301;
        for (uint32_t bit = 0; bit < 128; bit++) {
            bit_groups[bit] += (registrations[i][bit / 8] >> (bit % 8)) & 1;
        }
    }
    for (uint32_t day = 0; day < DAYS; day++) {
        for (uint32_t i = 0; i < GROUPS; i++) {
            tn_draw_gid(f.groups[i].gid, f.gid_key, f.input.day + 1, registrations[i]);
        }
        next_day();
        for (uint32_t w = 0; w < f.result.winner_count; w++) {
            uint32_t group = f.result.winners[w].group;

            by_decile[group / (GROUPS / 10)]++;
            by_port[group % 2]++;
            for (uint32_t bit = 0; bit < 128; bit++) {
                bit_wins[bit] += (registrations[group][bit / 8] >> (bit % 8)) & 1;
            }
        }
    }
    for (size_t i = 0; i < 10; i++) {
        expected[i] = wins / 10;
    }
    accept_p(chi_square_p(chi_square_of(by_decile, expected, 10), 9));
    expected[0] = expected[1] = wins / 2;
    accept_p(chi_square_p(chi_square_of(by_port, expected, 2), 1));
    for (uint32_t bit = 0; bit < 128; bit++) {
        double share = bit_groups[bit] / GROUPS;
        double z = (bit_wins[bit] - wins * share) / sqrt(wins * share * (1 - share));

        accept_p(normal_p(z));
    }
    fixture_close(&f);
}

static int compare_u64(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *) left;
    uint64_t b = *(const uint64_t *) right;

    return (a > b) - (a < b);
}

static void R09_tickets_are_uniform_and_do_not_follow_arrival(void **state)
{
    enum { GROUPS = 4096 };
    static uint64_t tickets[GROUPS];
    double sum_xy = 0;
    double sum_xx = 0;
    double distance = 0;

    (void) state;
    singles("tickets", GROUPS, 1);
    for (uint32_t i = 0; i < GROUPS; i++) {
        uint8_t ticket[32];

        tn_draw_ticket(ticket, f.input.secret, f.groups[i].gid);
        tickets[i] = tn_get_be64(ticket);
        double x = i / (double) GROUPS - 0.5;
        double y = (double) tickets[i] / 18446744073709551616.0 - 0.5;
        sum_xy += x * y;
        sum_xx += x * x;
    }
    /* y is uniform with variance 1/12, so the sum has standard deviation sqrt(sum_xx / 12). */
    accept_p(normal_p(sum_xy / sqrt(sum_xx / 12)));

    qsort(tickets, GROUPS, sizeof(tickets[0]), compare_u64);
    for (uint32_t i = 0; i < GROUPS; i++) {
        double u = (double) tickets[i] / 18446744073709551616.0;

        distance = fmax(distance, fmax(u - i / (double) GROUPS, (i + 1) / (double) GROUPS - u));
    }
    accept_p(kolmogorov_p(distance, GROUPS));
    fixture_close(&f);
}

/* p of "all sizes have one chance" from wins and groups of each size 1..8. */
static double sizes_p(const double *wins, const double *groups)
{
    double all_wins = 0;
    double all_groups = 0;
    double sum = 0;

    for (size_t s = 0; s < 8; s++) {
        all_wins += wins[s];
        all_groups += groups[s];
    }
    double p = all_wins / all_groups;
    for (size_t s = 0; s < 8; s++) {
        double expected = groups[s] * p;

        sum += (wins[s] - expected) * (wins[s] - expected) / (expected * (1 - p));
    }
    return chi_square_p(sum, 7);
}

/* The rule of section 5 gives every size one chance. Skip-and-backfill over the same tickets does
 * not, and this test can tell. */
static void R12_chances_do_not_depend_on_group_size(void **state)
{
    double groups[8] = {0};
    double wins[8] = {0};
    double backfill_wins[8] = {0};
    const uint32_t days = 2000;

    (void) state;
    for (uint32_t day = 0; day < days; day++) {
        uint64_t left = 20;
        uint8_t sizes[45];

        singles("sizes", 45, 20); /* 45 groups of mean 4.5: some ten times the seats */
        tn_random_init_seeded(&f.random, 7, "sizes of a day", day);
        tn_random_fill(&f.random, f.gid_key, sizeof(f.gid_key));
        f.input.group_count = 0;
        for (uint32_t i = 0; i < 45; i++) {
            sizes[i] = (uint8_t) (1 + tn_random_below(&f.random, 8));
            fixture_group(&f, sizes[i], 2301);
            groups[sizes[i] - 1]++;
        }
        next_day();
        for (uint32_t w = 0; w < f.result.winner_count; w++) {
            wins[sizes[f.result.winners[w].group] - 1]++;
        }
        /* The same tickets with room for all give the order that backfill goes by. */
        f.lines[0][0].seats = 1000;
        fixture_draw(&f);
        assert_int_equal(f.result.winner_count, 45);
        for (uint32_t w = 0; w < 45; w++) {
            uint8_t size = sizes[f.result.winners[w].group];

            if (size <= left) {
                left -= size;
                backfill_wins[size - 1]++;
            }
        }
        fixture_close(&f);
    }
    accept_p(sizes_p(wins, groups));
    assert_true(sizes_p(backfill_wins, groups) < P_REJECT);
    assert_true(backfill_wins[0] / groups[0] > 1.5 * backfill_wins[7] / groups[7]);
}

/* Of 20 groups 8 are marked and 6 win: the marked winners are hypergeometric. */
static void R09_winners_of_a_subset_are_hypergeometric(void **state)
{
    double found[7] = {0};
    double expected[7];
    const uint32_t days = 20000;

    (void) state;
    singles("subset", 20, 6);
    for (uint32_t day = 0; day < days; day++) {
        uint32_t marked = 0;

        next_day();
        for (uint32_t w = 0; w < 6; w++) {
            marked += f.result.winners[w].group < 8;
        }
        found[marked]++;
    }
    for (unsigned k = 0; k < 7; k++) {
        double log_p = lgamma(9) - lgamma(k + 1.0) - lgamma(9.0 - k) + lgamma(13) -
                       lgamma(7.0 - k) - lgamma(7.0 + k) - lgamma(21) + lgamma(7) + lgamma(15);

        expected[k] = days * exp(log_p);
    }
    accept_p(chi_square_p(chi_square_of(found, expected, 7), 6));
    fixture_close(&f);
}

/* Luck has no memory: the wins of a group from day to day have neither runs nor gaps, and over many
 * days the groups' wins scatter as those of independent draws, neither more nor less. */
static void R09_days_are_independent(void **state)
{
    enum { GROUPS = 40, DAYS = 4000, SEATS = 10 };
    static bool won[DAYS][GROUPS];
    double dispersion = 0;
    const double p = SEATS / (double) GROUPS;

    (void) state;
    singles("days", GROUPS, SEATS);
    for (uint32_t day = 0; day < DAYS; day++) {
        next_day();
        for (uint32_t w = 0; w < SEATS; w++) {
            won[day][f.result.winners[w].group] = true;
        }
    }
    for (uint32_t g = 0; g < GROUPS; g++) {
        double wins = 0;
        double runs = 1;

        for (uint32_t day = 0; day < DAYS; day++) {
            wins += won[day][g];
            runs += day > 0 && won[day][g] != won[day - 1][g];
        }
        double losses = DAYS - wins;
        double mean = 2 * wins * losses / DAYS + 1;
        double variance = (mean - 1) * (mean - 2) / (DAYS - 1);

        accept_p(normal_p((runs - mean) / sqrt(variance)));
        dispersion += (wins - DAYS * p) * (wins - DAYS * p) / (DAYS * p * (1 - p));
    }
    /* The days' totals are fixed, which takes one of the GROUPS degrees of freedom. */
    dispersion *= (GROUPS - 1) / (double) GROUPS;
    double upper = chi_square_p(dispersion, GROUPS - 1);
    accept_p(upper);
    accept_p(1 - upper);
    fixture_close(&f);
}

static unsigned bits_that_differ(const uint8_t *a, const uint8_t *b, size_t size)
{
    unsigned bits = 0;

    for (size_t i = 0; i < size; i++) {
        bits += (unsigned) __builtin_popcount((unsigned) (a[i] ^ b[i]));
    }
    return bits;
}

/* One bit of the secret turns half the bits of the seed; one bit of seed or gid half the ticket's.
 */
static void R09_one_bit_changes_half_of_all(void **state)
{
    double flipped[3] = {0};
    double tried[3] = {0};

    (void) state;
    singles("avalanche", 8, 1);
    fixture_draw(&f);
    for (unsigned bit = 0; bit < 256; bit++) {
        uint8_t seed[32];
        uint8_t ticket[32];
        uint8_t other[32];

        memcpy(seed, f.result.seed, 32);
        tn_draw_ticket(ticket, seed, f.groups[0].gid);
        f.input.secret[bit / 8] ^= (uint8_t) (1u << (bit % 8));
        fixture_draw(&f);
        flipped[0] += bits_that_differ(seed, f.result.seed, 32);
        f.input.secret[bit / 8] ^= (uint8_t) (1u << (bit % 8));
        fixture_draw(&f);
        assert_memory_equal(seed, f.result.seed, 32);

        seed[bit / 8] ^= (uint8_t) (1u << (bit % 8));
        tn_draw_ticket(other, seed, f.groups[0].gid);
        flipped[1] += bits_that_differ(ticket, other, 32);
        seed[bit / 8] ^= (uint8_t) (1u << (bit % 8));

        tried[0] += 256;
        tried[1] += 256;
        if (bit < 128) {
            uint8_t gid[16];

            memcpy(gid, f.groups[0].gid, 16);
            gid[bit / 8] ^= (uint8_t) (1u << (bit % 8));
            tn_draw_ticket(other, seed, gid);
            flipped[2] += bits_that_differ(ticket, other, 32);
            tried[2] += 256;
        }
    }
    for (size_t i = 0; i < 3; i++) {
        accept_p(normal_p((flipped[i] - tried[i] / 2) / sqrt(tried[i] / 4)));
    }
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distributions_are_those_of_the_tables),
        cmocka_unit_test(R09_every_order_of_five_groups_is_as_likely),
        cmocka_unit_test(R09_chances_do_not_depend_on_arrival_id_or_port),
        cmocka_unit_test(R09_tickets_are_uniform_and_do_not_follow_arrival),
        cmocka_unit_test(R12_chances_do_not_depend_on_group_size),
        cmocka_unit_test(R09_winners_of_a_subset_are_hypergeometric),
        cmocka_unit_test(R09_days_are_independent),
        cmocka_unit_test(R09_one_bit_changes_half_of_all),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
