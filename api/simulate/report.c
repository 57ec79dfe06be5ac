/* The report of a simulation: for people, as JSON, and DIR/simulated.json. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/http/json_writer.h"
#include "api/simulate/simulate_internal.h"

#define REPORT_BYTES ((size_t) 64 << 10)

static uint64_t rate(const struct tn_simulate_report *report)
{
    return report->wall_us > 0 ? report->events * 1000000 / report->wall_us : 0;
}

/* Winners among 10,000 requests. */
static uint64_t chance(const struct tn_simulate_size *size)
{
    return size->asked > 0 ? size->offered * 10000 / size->asked : 0;
}

static void birth_text(uint32_t birth, char out[static 11])
{
    (void) snprintf(out, 11, "%04u-%02u-%02u", birth / 10000 % 10000, birth / 100 % 100,
                    birth % 100);
}

/* ---- text ---- */

static void ports_text(const struct tn_simulate_report *report, struct tn_buffer *out)
{
    struct tn_simulate_port all = {.name = "all ports"};

    tn_buffer_printf(out, "\n%-12s %9s %9s %9s %9s %9s %9s %9s\n", "seats", "offered", "confirmed",
                     "lapsed", "declined", "cancelled", "returned", "expired");
    for (uint32_t i = 0; i <= report->port_count; i++) {
        const struct tn_simulate_port *port = i < report->port_count ? &report->ports[i] : &all;

        tn_buffer_printf(out,
                         "%-12s %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64
                         " %9" PRIu64 " %9" PRIu64 "\n",
                         port->name, port->offered_seats, port->confirmed_seats, port->lapsed_seats,
                         port->declined_seats, port->cancelled_seats, port->returned_seats,
                         port->expired_seats);
        if (port == &all) {
            break;
        }
        all.offered_seats += port->offered_seats;
        all.confirmed_seats += port->confirmed_seats;
        all.lapsed_seats += port->lapsed_seats;
        all.declined_seats += port->declined_seats;
        all.cancelled_seats += port->cancelled_seats;
        all.returned_seats += port->returned_seats;
        all.expired_seats += port->expired_seats;
        all.presented_seats += port->presented_seats;
        all.missed_seats += port->missed_seats;
    }
    if (all.presented_seats + all.missed_seats > 0) {
        tn_buffer_printf(out, "people who came %" PRIu64 ", who stayed away %" PRIu64 "\n",
                         all.presented_seats, all.missed_seats);
    }
}

static void sizes_text(const struct tn_simulate_report *report, struct tn_buffer *out)
{
    tn_buffer_append_string(out, "\ngroup size    requests    offers   chance\n");
    for (unsigned i = 1; i <= TN_POLICY_SIZE_MAX; i++) {
        const struct tn_simulate_size *size = &report->sizes[i];

        if (size->asked == 0 && size->offered == 0) {
            continue;
        }
        tn_buffer_printf(out, "%-10u %11" PRIu64 " %9" PRIu64 " %5" PRIu64 ".%02" PRIu64 " %%\n", i,
                         size->asked, size->offered, chance(size) / 100, chance(size) % 100);
    }
    tn_buffer_printf(out,
                     "longest wait: %" PRIu64 " days until an offer, %" PRIu64
                     " days of somebody who waits still\n",
                     report->longest_wait_days, report->longest_waiting_days);
}

static void sample_text(const struct tn_simulate_report *report, struct tn_buffer *out)
{
    const struct tn_simulate_sample *sample = &report->sample;
    char birth[11];

    if (!sample->has_pair) {
        return;
    }
    birth_text(sample->birth, birth);
    tn_buffer_printf(out,
                     "\na confirmation number and date of birth that stand: %s %s\n"
                     "the bearer token of %s, who may ask about them: ",
                     sample->number, birth, sample->officer.email);
    tn_buffer_append_hex(out, sample->officer.token, TN_TOKEN_SIZE);
    tn_buffer_append_string(out, "\n(these and other tokens: simulated.json)\n");
}

void tn_simulate_report_text(const struct tn_simulate_report *report, struct tn_buffer *out)
{
    char start[11];

    tn_date_format(report->start_day, start);
    tn_buffer_printf(out,
                     "%" PRIu32 " days from %s, seed %" PRIu64 ", people at %" PRIu32 ".%06" PRIu32
                     " of the real size\n",
                     report->days, start, report->seed, report->scale_ppm / TN_SCALE_ONE_PPM,
                     report->scale_ppm % TN_SCALE_ONE_PPM);
    tn_buffer_printf(
        out, "%" PRIu64 " events in %" PRIu64 ".%03" PRIu64 " s: %" PRIu64 " events/s\n",
        report->events, report->wall_us / 1000000, report->wall_us / 1000 % 1000, rate(report));
    tn_buffer_printf(
        out,
        "%" PRIu64 " registrations of %" PRIu64 " people, %" PRIu64 " requests (%" PRIu64
        " to %" PRIu64 " a day)\n"
        "%" PRIu64 " commands, %" PRIu64 " retries answered again, %" PRIu64 " refused\n",
        report->registrations, report->people, report->requests, report->requests_least,
        report->requests_most, report->commands, report->replayed, report->refused);
    if (report->unexpected > 0) {
        tn_buffer_printf(out, "%" PRIu64 " answers were not those that were foreseen\n",
                         report->unexpected);
    }
    ports_text(report, out);
    sizes_text(report, out);
    sample_text(report, out);
    tn_buffer_printf(out, "\nverifier key %s\n%s", report->vkey, report->checkpoint);
}

/* ---- JSON ---- */

static void port_json(const struct tn_simulate_port *port, struct tn_json_writer *writer)
{
    tn_json_write_object_begin(writer);
    tn_json_member_uint(writer, "port", port->code);
    tn_json_member_text(writer, "name", port->name);
    tn_json_member_uint(writer, "offered_groups", port->offered_groups);
    tn_json_member_uint(writer, "offered", port->offered_seats);
    tn_json_member_uint(writer, "confirmed", port->confirmed_seats);
    tn_json_member_uint(writer, "declined", port->declined_seats);
    tn_json_member_uint(writer, "lapsed", port->lapsed_seats);
    tn_json_member_uint(writer, "cancelled", port->cancelled_seats);
    tn_json_member_uint(writer, "returned", port->returned_seats);
    tn_json_member_uint(writer, "expired", port->expired_seats);
    tn_json_member_uint(writer, "presented", port->presented_seats);
    tn_json_member_uint(writer, "missed", port->missed_seats);
    tn_json_write_object_end(writer);
}

static void counts_json(const struct tn_simulate_report *report, struct tn_json_writer *writer)
{
    const struct tn_kind *kind;

    tn_json_write_name(writer, "kinds");
    tn_json_write_object_begin(writer);
    for (size_t i = 0; (kind = tn_kind_at(i)) != NULL; i++) {
        if (report->kinds[kind->number] > 0) {
            tn_json_member_uint(writer, kind->name, report->kinds[kind->number]);
        }
    }
    tn_json_write_object_end(writer);
    tn_json_write_name(writer, "refusals");
    tn_json_write_object_begin(writer);
    for (unsigned code = 1; code < TN_REFUSAL_LIMIT; code++) {
        if (report->refusals[code] > 0) {
            tn_json_member_uint(writer, tn_refusal_name(code), report->refusals[code]);
        }
    }
    tn_json_write_object_end(writer);
    tn_json_write_name(writer, "sizes");
    tn_json_write_array_begin(writer);
    for (unsigned i = 1; i <= TN_POLICY_SIZE_MAX; i++) {
        if (report->sizes[i].asked > 0 || report->sizes[i].offered > 0) {
            tn_json_write_object_begin(writer);
            tn_json_member_uint(writer, "size", i);
            tn_json_member_uint(writer, "asked", report->sizes[i].asked);
            tn_json_member_uint(writer, "offered", report->sizes[i].offered);
            tn_json_write_object_end(writer);
        }
    }
    tn_json_write_array_end(writer);
}

enum tn_status tn_simulate_report_json(const struct tn_simulate_report *report,
                                       struct tn_buffer *out)
{
    struct tn_json_writer writer;
    char start[11];
    char last[28];

    tn_date_format(report->start_day, start);
    tn_instant_format(report->last_us, last);
    tn_json_writer_init(&writer, out);
    tn_json_write_object_begin(&writer);
    tn_json_member_text(&writer, "start", start);
    tn_json_member_uint(&writer, "days", report->days);
    tn_json_member_uint(&writer, "seed", report->seed);
    tn_json_member_uint(&writer, "scale_ppm", report->scale_ppm);
    tn_json_member_text(&writer, "last", last);
    tn_json_member_uint(&writer, "events", report->events);
    tn_json_member_uint(&writer, "wall_us", report->wall_us);
    tn_json_member_uint(&writer, "events_per_s", rate(report));
    tn_json_member_uint(&writer, "commands", report->commands);
    tn_json_member_uint(&writer, "replayed", report->replayed);
    tn_json_member_uint(&writer, "refused", report->refused);
    tn_json_member_uint(&writer, "unexpected", report->unexpected);
    tn_json_member_uint(&writer, "registrations", report->registrations);
    tn_json_member_uint(&writer, "people", report->people);
    tn_json_member_uint(&writer, "requests", report->requests);
    tn_json_member_uint(&writer, "requests_least", report->requests_least);
    tn_json_member_uint(&writer, "requests_most", report->requests_most);
    tn_json_member_uint(&writer, "longest_wait_days", report->longest_wait_days);
    tn_json_member_uint(&writer, "longest_waiting_days", report->longest_waiting_days);
    tn_json_write_name(&writer, "ports");
    tn_json_write_array_begin(&writer);
    for (uint32_t i = 0; i < report->port_count; i++) {
        port_json(&report->ports[i], &writer);
    }
    tn_json_write_array_end(&writer);
    counts_json(report, &writer);
    tn_json_member_text(&writer, "vkey", report->vkey);
    tn_json_member_text(&writer, "checkpoint", report->checkpoint);
    tn_json_write_object_end(&writer);
    return tn_json_writer_finish(&writer);
}

/* ---- DIR/simulated.json ---- */

static void login_json(const char *name, const struct tn_simulate_login *login,
                       struct tn_json_writer *writer)
{
    tn_json_write_name(writer, name);
    tn_json_write_object_begin(writer);
    tn_json_member_text(writer, "email", login->email);
    tn_json_member_hex(writer, "id", login->id, TN_ID_SIZE);
    tn_json_member_hex(writer, "token", login->token, TN_TOKEN_SIZE);
    if (login->port > 0) {
        tn_json_member_uint(writer, "port", login->port);
    }
    tn_json_write_object_end(writer);
}

static enum tn_status sample_json(const struct tn_simulate_report *report, struct tn_buffer *out)
{
    const struct tn_simulate_sample *sample = &report->sample;
    struct tn_json_writer writer;
    char text[11];

    tn_json_writer_init(&writer, out);
    tn_json_write_object_begin(&writer);
    tn_date_format(report->start_day, text);
    tn_json_member_text(&writer, "start", text);
    tn_json_member_uint(&writer, "days", report->days);
    tn_json_member_uint(&writer, "seed", report->seed);
    tn_json_member_uint(&writer, "scale_ppm", report->scale_ppm);
    tn_json_member_text(&writer, "vkey", report->vkey);
    tn_json_member_text(&writer, "checkpoint", report->checkpoint);
    login_json("officer", &sample->officer, &writer);
    login_json("auditor", &sample->auditor, &writer);
    login_json("port_officer", &sample->port_officer, &writer);
    if (sample->has_owner) {
        tn_json_write_name(&writer, "owner");
        tn_json_write_object_begin(&writer);
        tn_json_member_hex(&writer, "registration", sample->registration, TN_ID_SIZE);
        tn_json_member_hex(&writer, "token", sample->token, TN_TOKEN_SIZE);
        tn_json_write_object_end(&writer);
    }
    if (sample->has_pair) {
        birth_text(sample->birth, text);
        tn_json_write_name(&writer, "appointment");
        tn_json_write_object_begin(&writer);
        tn_json_member_text(&writer, "confirmation_number", sample->number);
        tn_json_member_text(&writer, "date_of_birth", text);
        tn_json_write_object_end(&writer);
    }
    tn_json_write_object_end(&writer);
    tn_buffer_append_string(out, "\n");
    return tn_json_writer_finish(&writer);
}

enum tn_status tn_simulate_write_sample(const char *directory,
                                        const struct tn_simulate_report *report,
                                        struct tn_error *error)
{
    struct tn_buffer text;
    char path[4096];
    int file = -1;
    bool written;
    enum tn_status status;

    tn_buffer_init(&text, REPORT_BYTES);
    status = sample_json(report, &text);
    if (status != TN_OK) {
        goto out;
    }
    if ((size_t) snprintf(path, sizeof(path), "%s/simulated.json", directory) < sizeof(path)) {
        file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    }
    written = file >= 0 && write(file, text.data, text.size) == (ssize_t) text.size;
    if (file >= 0) {
        written = close(file) == 0 && written;
    }
    if (!written) {
        status = tn_fail(error, TN_IO, "%s/simulated.json could not be written", directory);
    }

out:
    tn_buffer_close(&text);
    return status;
}
