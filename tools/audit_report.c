/* What came of an audit, in words or as one JSON object. */
#include <inttypes.h>
#include <string.h>

#include "ledger/base/clock.h"
#include "tools/audit.h"

static void print_string(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char) *text;

        if (c == '"' || c == '\\') {
            printf("\\%c", c);
        } else if (c < 0x20 || c > 0x7e) {
            printf("\\u%04x", c);
        } else {
            putchar(c);
        }
    }
    putchar('"');
}

static const struct tn_finding *finding_of(const struct tn_audit_job *job)
{
    return job->has_finding ? &job->finding : tn_audit_finding(job->audit);
}

static const char *outcome(const struct tn_audit_job *job)
{
    if (job->differs) {
        return "difference";
    }
    return job->incomplete ? "incomplete" : "sound";
}

/* ---- JSON ---- */

static void json_finding(const struct tn_audit_job *job)
{
    const struct tn_finding *finding = finding_of(job);

    printf(",\"finding\":{\"index\":%" PRIu64 ",\"rule\":", finding->index);
    print_string(finding->rule);
    printf(",\"words\":");
    print_string(finding->words);
    printf(",\"expected\":%.*s,\"found\":%.*s}", (int) finding->expected.size,
           (const char *) finding->expected.data, (int) finding->found.size,
           (const char *) finding->found.data);
}

/* The policy's witnesses that signed, by their names there. */
static void print_signed(const struct tn_audit_job *job, const char *between, bool quoted)
{
    bool any = false;

    for (size_t i = 0; i < job->policy.witness_count; i++) {
        struct tn_bytes name = job->policy.witnesses[i].name;
        char text[TN_WITNESS_POLICY_NAME_MAX + 1] = {0};

        if ((job->policy_signed >> i & 1) == 0) {
            continue;
        }
        memcpy(text, name.data, name.size);
        printf("%s", any ? between : "");
        any = true;
        if (quoted) {
            print_string(text);
        } else {
            printf("%s", text);
        }
    }
}

static void report_json(const struct tn_audit_job *job, const struct tn_recompute_report *report)
{
    char root[2 * TN_HASH_SIZE + 1];

    tn_hex_encode(root, job->root, TN_HASH_SIZE);
    printf("{\"outcome\":\"%s\",\"origin\":", outcome(job));
    print_string(job->origin);
    printf(",\"entries\":%" PRIu64 ",\"of\":%" PRIu64 ",\"published\":%" PRIu64
           ",\"tiles\":%" PRIu64 ",\"root\":\"%s\"",
           report->entries, job->size, job->marks[TN_AUDIT_MARK_PUBLISHED].size, job->tiles, root);
    printf(",\"commands\":%" PRIu64 ",\"refusals\":%" PRIu64 ",\"due\":%" PRIu64
           ",\"draws\":%" PRIu64 ",\"seals\":%" PRIu64 ",\"seals_taken\":%" PRIu64,
           report->commands, report->refusals, report->due, report->draws, report->seals,
           report->seals_taken);
    if (job->sample_ppm != 0) {
        printf(",\"sample\":{\"ppm\":%" PRIu32 ",\"seed\":%" PRIu64 ",\"left_out\":%" PRIu64 "}",
               job->sample_ppm, job->sample_seed, report->left_out);
    }
    printf(",\"attested\":{");
    for (unsigned i = 0; i < TN_ATTESTED_COUNT; i++) {
        printf("%s\"%s\":%" PRIu64, i > 0 ? "," : "", tn_attested_name((enum tn_attested) i),
               report->attested[i]);
    }
    printf("},\"cosigned\":[");
    for (size_t i = 0; i < job->witness_count; i++) {
        if ((job->cosigned >> i & 1) != 0) {
            printf("%s", i > 0 ? "," : "");
            print_string(job->witnesses[i].name);
        }
    }
    printf("]");
    if (job->policy_path != NULL) {
        printf(",\"quorum\":{\"met\":%s,\"signed\":[", job->policy_met ? "true" : "false");
        print_signed(job, ",", true);
        printf("]}");
    }
    if (job->differs) {
        json_finding(job);
    } else if (job->incomplete) {
        printf(",\"unread\":");
        print_string(job->error.text);
    }
    printf(",\"microseconds\":%" PRIu64 "}\n", tn_clock_monotonic_us() - job->started_us);
}

/* ---- words ---- */

/* Of a tile, a root or a checkpoint the words say all: there are no events to compare. */
static bool is_null(const struct tn_buffer *event)
{
    return tn_bytes_equal_string(tn_buffer_view(event), "null");
}

static void words_outcome(const struct tn_audit_job *job)
{
    if (job->differs) {
        const struct tn_finding *finding = finding_of(job);

        printf("DIFFERENCE at entry %" PRIu64 ", rule %s: %s\n", finding->index, finding->rule,
               finding->words);
        if (!is_null(&finding->expected) || !is_null(&finding->found)) {
            printf("  expected %.*s\n  found    %.*s\n", (int) finding->expected.size,
                   (const char *) finding->expected.data, (int) finding->found.size,
                   (const char *) finding->found.data);
        }
        printf("what comes after it was not audited\n");
    } else if (job->incomplete) {
        printf("INCOMPLETE: %s\n", job->error.text);
        printf("this says nothing about what could not be read\n");
    }
}

static void words_counts(const struct tn_audit_job *job, const struct tn_recompute_report *report)
{
    char root[2 * TN_HASH_SIZE + 1];

    printf("%" PRIu64 " of %" PRIu64 " entries, %" PRIu64 " full tiles, checkpoint of %" PRIu64
           " entries: as they must be\n",
           report->entries, job->size, job->tiles, job->marks[TN_AUDIT_MARK_PUBLISHED].size);
    printf("%" PRIu64 " commands decided again (%" PRIu64 " of them refused), %" PRIu64
           " due items, %" PRIu64 " draws: the same; %" PRIu64 " seals: the same\n",
           report->commands, report->refusals, report->due, report->draws, report->seals);
    if (job->sample_ppm != 0) {
        printf("a sample: %" PRIu64 " decisions were left out; %" PRIu32
               " of a million were taken, by seed %" PRIu64
               "; hashes, folds, draws and seals are of everything\n",
               report->left_out, job->sample_ppm, job->sample_seed);
    }
    if (report->seals_taken > 0) {
        printf("%" PRIu64 " seals speak of rows that this program has not at hand: not compared\n",
               report->seals_taken);
    }
    if (!job->differs && !job->incomplete) {
        tn_hex_encode(root, job->root, TN_HASH_SIZE);
        printf("root %s\n", root);
    }
}

static void words_attested(const struct tn_recompute_report *report)
{
    printf("taken as the log has it, for nobody can derive it:\n");
    for (unsigned i = 0; i < TN_ATTESTED_COUNT; i++) {
        printf("  %-18s %10" PRIu64 "  %s\n", tn_attested_name((enum tn_attested) i),
               report->attested[i], tn_attested_words((enum tn_attested) i));
    }
}

void tn_audit_job_report(const struct tn_audit_job *job)
{
    struct tn_recompute_report report = {0};
    uint64_t spent_us = tn_clock_monotonic_us() - job->started_us;

    if (job->audit != NULL) {
        tn_audit_report(job->audit, &report);
    }
    if (job->json) {
        report_json(job, &report);
        return;
    }
    words_outcome(job);
    if (report.entries > 0) {
        words_counts(job, &report);
        words_attested(&report);
    }
    for (size_t i = 0; i < job->witness_count; i++) {
        if ((job->cosigned >> i & 1) != 0) {
            printf("cosigned by %s\n", job->witnesses[i].name);
        }
    }
    if (job->policy_met) {
        printf("the quorum of the witness policy is met, by: ");
        print_signed(job, " ", false);
        printf("\n");
    }
    printf("%" PRIu64 ".%03" PRIu64 " s, %" PRIu64 " entries/s\n", spent_us / 1000000,
           spent_us / 1000 % 1000, report.entries * 1000000 / (spent_us + 1));
}
