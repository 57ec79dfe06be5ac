/* turno audit: verify a log and take every decision in it again; needs no key. */
#include "tools/audit.h"

#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#include "ledger/base/clock.h"
#include "ledger/base/random.h"

static const struct option options[] = {
    {"json", no_argument, NULL, 'j'},          {"key", required_argument, NULL, 'k'},
    {"witness", required_argument, NULL, 'w'}, {"policy", required_argument, NULL, 'q'},
    {"token", required_argument, NULL, 't'},   {"work", required_argument, NULL, 'd'},
    {"since", required_argument, NULL, 's'},   {"sample", required_argument, NULL, 'p'},
    {"seed", required_argument, NULL, 'r'},    {NULL, 0, NULL, 0},
};

/* "1/100", or parts per million. */
static bool parse_sample(const char *text, uint32_t *ppm)
{
    uint64_t value = 0;

    *ppm = 0;
    if (strncmp(text, "1/", 2) == 0) {
        if (!tn_cli_parse_u64(text + 2, &value) || value == 0 || value > TN_RECOMPUTE_ALL_PPM) {
            return false;
        }
        value = TN_RECOMPUTE_ALL_PPM / value;
    } else if (!tn_cli_parse_u64(text, &value) || value == 0 || value > TN_RECOMPUTE_ALL_PPM) {
        return false;
    }
    *ppm = (uint32_t) value;
    return true;
}

/* TN_EXIT_DONE, or what to exit with after a message. */
static int take_option(int option, char *const *argv, struct tn_audit_job *job, bool *seeded)
{
    struct tn_error error = {0};

    switch (option) {
    case 'j':
        job->json = true;
        return TN_EXIT_DONE;
    case 'k':
        job->has_key = true;
        if (tn_vkey_parse(tn_bytes_from_string(optarg), &job->key, &error) != TN_OK ||
            job->key.type != TN_KEY_ED25519) {
            return tn_cli_usage("audit", "--key is no verifier key of a log: %s",
                                error.text[0] != '\0' ? error.text : "it cosigns");
        }
        return TN_EXIT_DONE;
    case 'w':
        if (job->witness_count == TN_AUDIT_WITNESSES_MAX ||
            tn_vkey_parse(tn_bytes_from_string(optarg), &job->witnesses[job->witness_count++],
                          &error) != TN_OK) {
            return tn_cli_usage("audit", "--witness: %s",
                                error.text[0] != '\0' ? error.text : "one too many");
        }
        return TN_EXIT_DONE;
    case 'q':
        job->policy_path = optarg;
        return TN_EXIT_DONE;
    case 't':
        job->token = optarg;
        return TN_EXIT_DONE;
    case 'd':
        job->work = optarg;
        return TN_EXIT_DONE;
    case 's':
        job->since_path = optarg;
        return TN_EXIT_DONE;
    case 'p':
        return parse_sample(optarg, &job->sample_ppm)
                   ? TN_EXIT_DONE
                   : tn_cli_usage("audit", "--sample is 1/N or parts per million");
    case 'r':
        *seeded = true;
        return tn_cli_parse_u64(optarg, &job->sample_seed)
                   ? TN_EXIT_DONE
                   : tn_cli_usage("audit", "--seed is a whole number");
    default:
        return tn_cli_bad_option("audit", argv);
    }
}

static int exit_code(const struct tn_audit_job *job, enum tn_status status)
{
    if (job->differs) {
        return TN_EXIT_DIFFERENCE;
    }
    if (job->incomplete) {
        return TN_EXIT_INCOMPLETE;
    }
    return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &job->error);
}

static bool is_url(const char *place)
{
    return strncmp(place, "http://", 7) == 0 || strncmp(place, "https://", 8) == 0;
}

static int run(struct tn_audit_job *job)
{
    enum tn_status status = tn_audit_policy_read(job);

    if (status == TN_OK) {
        status = tn_audit_job_since(job);
    }
    if (status == TN_OK) {
        status = is_url(job->place) ? tn_audit_url(job) : tn_audit_directory(job);
    }
    tn_cli_progress_end(&job->progress);
    if (status == TN_OK) {
        status = tn_audit_job_checkpoints(job);
    }
    tn_audit_job_settle(job);
    if (status == TN_OK) {
        status = tn_audit_job_seals(job);
    }
    if (status == TN_OK) {
        status = tn_audit_job_remember(job);
    }
    if (status == TN_OK || job->differs || job->incomplete) {
        tn_audit_job_report(job);
    }
    return exit_code(job, status);
}

int tn_command_audit(int argc, char **argv)
{
    struct tn_audit_job job = {.started_us = tn_clock_monotonic_us()};
    struct tn_random random;
    bool seeded = false;
    int option;
    int code = TN_EXIT_DONE;

    while (code == TN_EXIT_DONE && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        code = take_option(option, argv, &job, &seeded);
    }
    if (code != TN_EXIT_DONE) {
        return code;
    }
    if (optind + 1 != argc) {
        return tn_cli_usage("audit", "say one directory or one URL");
    }
    job.place = argv[optind];
    if (is_url(job.place) && !job.has_key) {
        return tn_cli_usage("audit", "a log over HTTP needs --key, its verifier key (turno key DIR "
                                     "--vkey), or anybody could answer");
    }
    if (job.token && !is_url(job.place)) {
        return tn_cli_usage("audit", "--token is for a URL; a directory is read as it lies");
    }
    if (seeded && job.sample_ppm == 0) {
        return tn_cli_usage("audit", "--seed is for --sample");
    }
    tn_random_init_system(&random);
    tn_random_fill(&random, job.command_key, sizeof(job.command_key));
    if (job.sample_ppm != 0 && !seeded) {
        /* Which part is audited must not be known to whoever wrote the log. */
        tn_random_fill(&random, &job.sample_seed, sizeof(job.sample_seed));
    }
    tn_buffer_init(&job.policy_text, TN_WITNESS_POLICY_BYTES_MAX);
    tn_buffer_init(&job.since, TN_NOTE_BYTES_MAX);
    tn_buffer_init(&job.note, TN_NOTE_BYTES_MAX);
    tn_buffer_init(&job.finding.expected, TN_FINDING_TEXT_MAX);
    tn_buffer_init(&job.finding.found, TN_FINDING_TEXT_MAX);
    code = run(&job);
    tn_audit_destroy(job.audit);
    tn_buffer_close(&job.policy_text);
    tn_buffer_close(&job.since);
    tn_buffer_close(&job.note);
    tn_buffer_close(&job.finding.expected);
    tn_buffer_close(&job.finding.found);
    return code;
}
