/* The table of subcommands, and what is made from it. */
#include "tools/help.h"

#include <string.h>

/* A server that runs has opened the keys already. */
#define KEY_OPTIONS                                                                                \
    "  without a running server:\n"                                                                \
    "  --root-key FILE   where the root key is (default: DIR.root-key)\n"                          \
    "  --allow-unlocked  run although the system does not lock secrets into memory\n"

static const struct tn_cli_command commands[] = {
    {"init", tn_command_init,
     "init DIR [--policy FILE] [--origin NAME] [--chain FILE] [--root-key FILE]",
     "make a new ledger: keys, first policy, genesis",
     "  --policy FILE    the first policy as JSON (default: the rules of 2024-08-23)\n"
     "  --origin NAME    what checkpoints are signed as, such as example.org/turno\n"
     "  --chain FILE     the operator's chain of draw secrets, held by turno drawd (default:\n"
     "                   one in the vault)\n"
     "  --root-key FILE  where the root key goes (default: DIR.root-key); keep it apart\n"
     "  --allow-unlocked run although the system does not lock secrets into memory\n"},
    {"serve", tn_command_serve,
     "serve DIR [--listen HOST:PORT] [--loops N] [--witnesses FILE [--hold-back]]",
     "answer over HTTP; SIGTERM drains and closes clean",
     "  --listen HOST:PORT  a numeric address (default: 127.0.0.1:8080); a simulated ledger on\n"
     "                      loopback only\n"
     "  --loops N           event loops (default: one less than the cores)\n"
     "  --witnesses FILE    ask the witnesses of this trust policy (C2SP tlog-policy)\n"
     "  --hold-back         publish a checkpoint only when they are enough; receipts\n"
     "                      promise it within 10 s all the same\n"
     "  --ca-file FILE      who may vouch for https (default: those of the system)\n"
     "  --reserve BYTES     disk space to keep free (default: 536870912): writes are refused\n"
     "                      (507) when less is free than that and what flushes and a\n"
     "                      compaction may need on the way\n"
     "  --root-key FILE     where the root key is (default: DIR.root-key)\n"
     "  --allow-unlocked    run although the system does not lock secrets into memory\n"
     "  --drawd SOCKET      ask turno drawd for the operator's secrets (default: the vault)\n"},
    {"simulate", tn_command_simulate,
     "simulate DIR --days N [--scale F] [--seed N] [--start DATE] [--no-throttle]\n"
     "       turno simulate DIR --advance HOURS",
     "make a ledger and play a season of the real programme through the desk",
     "  --days N         service days to play\n"
     "  --scale F        people in proportion to the real programme (default 1)\n"
     "  --seed N         all randomness, keys included (default 1): one seed, one root\n"
     "  --start DATE     first day (default: a day with 1,450 seats)\n"
     "  --no-throttle    as fast as it goes\n"
     "  --advance HOURS  move the clock of a served simulation forward\n"},
    {"log", tn_command_log, "log DIR [--from N] [--to N] [--kind KIND] [--stream ID] [--backwards]",
     "print events, one JSON object a line",
     "  --from N, --to N  indices, both included\n"
     "  --kind KIND       such as appointment_offered\n"
     "  --stream ID       of a registration, an officer, or PORT/DATE\n"
     "  --backwards       the newest first\n"
     "  say a kind or a stream, not both\n"},
    {"state", tn_command_state, "state DIR PROJECTION [--at INDEX|INSTANT]",
     "print the rows of a projection, now or as of then",
     "  queue, seats, registrations, validation, access, streams\n"
     "  --at  after this index, or as of 2024-03-09T17:00:00Z; a date is its first instant "
     "(UTC)\n"},
    {"verify", tn_command_verify, "verify DIR [--all] [--json]",
     "check every entry, hash, tile, checkpoint and row root; name the first fault",
     "  --all           read the index and the vault too: does the index find every entry, can\n"
     "                  every row of the vault be read\n"},
    {"audit", tn_command_audit,
     "audit DIR|URL [--key VKEY] [--token TOKEN] [--work DIR] [--since FILE]\n"
     "       [--witness VKEY]... [--policy FILE] [--sample 1/N] [--seed N] [--json]",
     "verify, and take every decision again by the rules; needs no secret",
     "  a URL is where the log's checkpoint lies, such as https://example.org/log\n"
     "  --key VKEY      the log's verifier key (turno key DIR --vkey); needed for a URL\n"
     "  --token TOKEN   an auditor's, for entries of a ledger that is not simulated\n"
     "  --work DIR      where rows that do not fit into memory go, and where the\n"
     "                  checkpoint is remembered: the next audit must find it again\n"
     "  --since FILE    an older checkpoint of which the log must be a continuation\n"
     "  --witness VKEY  its cosignature must be on the checkpoint\n"
     "  --policy FILE   a witness policy (log, witness, group, quorum lines, as for turno\n"
     "                  serve --witnesses): the published checkpoint must meet its quorum\n"
     "  --sample 1/N    take a random part of people's decisions (draws always); or\n"
     "                  parts per million; --seed N says which part\n"
     "  exits 1 with the first difference, 5 when something could not be read\n"},
    {"rebuild", tn_command_rebuild,
     "rebuild DIR [PROJECTION] [--swap-different] [--json]\n       turno rebuild DIR --log "
     "[--json]",
     "fold the log beside the live rows, compare, swap",
     "  --swap-different  take the rebuilt rows although the live ones differ\n"
     "  --log           make the log's own tiles, indexes and head again from its entries, when\n"
     "                  they are lost or damaged; no server may run on the "
     "directory\n" KEY_OPTIONS},
    {"draw", tn_command_draw,
     "draw DIR DAY --transcript [--audience public|auditor]\n"
     "       turno draw --recompute FILE\n"
     "       turno draw DIR DAY --reveal WITNESS=SECRET\n"
     "       turno draw DIR DAY --beacon drand|nist=FILE\n"
     "       turno draw DIR DAY --beacon manual=FILE --again FILE --approve ID --approve ID",
     "print a day's transcript, recompute one with no ledger, record what binds a draw",
     "  --audience  auditor (the default) sees the day of registration of every group, public\n"
     "              that of those who won by seniority\n"
     "  --reveal  a witness's secret, after the close (turno drawd --ask gives it)\n"
     "  --beacon  the record as the beacon answered it: drand's round as JSON (the pairing is\n"
     "            not checked here: any drand client does it), NIST's pulse as JSON followed\n"
     "            by its certificate as PEM, or the numbers of a public draw as one person\n"
     "            typed them (\"4.8.15.\"), and --again as another did\n"
     "  --approve ID  of the numbers: twice, two different approvers (turno state DIR "
     "access)\n" KEY_OPTIONS},
    {"drawd", tn_command_drawd,
     "drawd DIR --create --first-day DATE [--length N] [--owner ID]\n"
     "       turno drawd DIR --listen SOCKET [--user NAME] [--simulated]\n"
     "       turno drawd --ask SOCKET --day DATE --root HEX",
     "hold a chain of draw secrets in its own process; reveal one a day",
     "  --create         make the chain; prints what turno policy DIR anchor-chain reads\n"
     "  --length N       days it lasts (default 4096)\n"
     "  --owner ID       a witness's id; without it the chain is the operator's\n"
     "  --listen SOCKET  answer turno serve --drawd SOCKET, or --ask; (day, root) is on the\n"
     "                   disk before a secret is given out, and a second root is refused\n"
     "  --user NAME      become that user, who owns DIR\n"
     "  --simulated      reveal days of a simulated ledger, which the clock does not know\n"
     "  --allow-unlocked run although the system does not lock secrets into memory\n"},
    {"prove", tn_command_prove,
     "prove DIR INDEX [--no-entry | --openings [--root-key FILE]]\n"
     "       turno prove DIR --row PROJECTION KEY [--at SEAL]\n"
     "       turno prove DIR --range PROJECTION FROM END [--at SEAL]",
     "print a .tlog-proof of one entry, or a proof of rows under a full seal",
     "  --no-entry       leave the entry out: its reader has it already\n"
     "  --openings       with the personal data that the entry commits to, from the vault:\n"
     "                   for the person whose it is\n"
     "  --root-key FILE  where the root key is (default: DIR.root-key)\n"
     "  --allow-unlocked run although the system does not lock secrets into memory\n"
     "  --row            that a row was there, or that it was not (its two neighbours)\n"
     "  --range          all rows from one key up to another, which is not included\n"
     "                   KEY is TABLE:HEX as turno state writes them; - for an open end\n"
     "  --at SEAL        index of the seal (default: the newest full one)\n"},
    {"check-proof", tn_command_check_proof,
     "check-proof FILE --key VKEY [--witness VKEY]... [--entry FILE] [--json]\n"
     "       turno check-proof FILE --key VKEY --disclose FIELD...\n"
     "       turno check-proof ANSWER... --key VKEY",
     "check a proof with nothing but a key, and say what it proves",
     "  FILE is a .tlog-proof or a proof of sealed rows; ANSWER a page that\n"
     "  /v1/registrations/ID/proofs gave: every proof on it is checked, and whether the\n"
     "  pages hold all that there is (exit 5: they do not, or no seal says so yet)\n"
     "  --witness VKEY    say whether and when this witness cosigned the checkpoint\n"
     "  --entry FILE      the entry's bytes, where the proof does not hold them\n"
     "  --disclose FIELD  print the proof again with the openings of this field alone\n"
     "                    (repeat for more), to be shown to somebody: given_names,\n"
     "                    family_names, date_of_birth, nationality, document, destination\n"},
    {"check-receipt", tn_command_check_receipt,
     "check-receipt FILE --key VKEY [--proof FILE | --log DIR] [--witness VKEY]... [--json]",
     "check what a receipt promises, and whether it was kept",
     "  FILE holds a receipt, or the JSON answer that it came in\n"
     "  --proof FILE    a .tlog-proof of the entry: is it what was promised?\n"
     "  --log DIR       the same against a copy of the log's resources: DIR/checkpoint,\n"
     "                  DIR/tile/...; a checkpoint that ends before the entry although a\n"
     "                  witness dates it later than the promise is a broken promise\n"
     "  --witness VKEY  whose cosignatures date the checkpoint\n"
     "  exit 1: broken, and the two files are the proof of it; 5: not decided yet, or the\n"
     "  copy of the log lacks a tile or does not hold together\n"},
    {"key", tn_command_key, "key DIR --vkey [--cosigner]", "print the log's verifier key",
     "  --cosigner  that of its own timed cosignature instead\n"},
    {"officer", tn_command_officer,
     "officer DIR add EMAIL [--role ROLE] [--organisation NAME] [--port CODE]\n"
     "       turno officer DIR suspend ID --reason CODE",
     "enrol an officer; the token is the last line, shown once",
     "  --role ROLE          officer (default), port_officer, scheduler, policy_owner, auditor\n"
     "  --organisation NAME  as the people read it whom the officer asks about: at most 16\n"
     "                       characters (default: the domain of EMAIL, its first 16)\n"
     "  --port CODE          of a port_officer\n"
     "  --reason CODE        why, for the log: at most 64 printable ASCII "
     "characters\n" KEY_OPTIONS},
    {"policy", tn_command_policy,
     "policy DIR show [VERSION]\n"
     "       turno policy DIR publish FILE --approve ID --approve ID --reason CODE\n"
     "       turno policy DIR capacity FILE --approve ID --approve ID --reason CODE\n"
     "       turno policy DIR suspend PORT --honour-before DATE --approve ... --reason CODE\n"
     "       turno policy DIR resume PORT --approve ID --approve ID --reason CODE\n"
     "       turno policy DIR reallocate FILE --approve ID --approve ID --reason CODE\n"
     "       turno policy DIR anchor-chain FILE\n"
     "       turno policy DIR replace-chain FILE --approve ID --approve ID --reason CODE",
     "publish rules and seats, suspend and resume ports",
     "  --approve ID  twice: two different approvers (turno state DIR access)\n"
     "  --dry-run     check, print how many events of which kind it would be (of suspend: the\n"
     "                offers taken back and the appointments cancelled), write "
     "nothing\n" KEY_OPTIONS},
    {"resume", tn_command_resume, "resume DIR [--extend]", "end a pause; due items go on",
     "  --extend  first move every deadline not reached at the last heartbeat by the\n"
     "            length of the pause\n" KEY_OPTIONS},
    {"witness", tn_command_witness,
     "witness DIR [--listen HOST:PORT] [--name NAME] [--log VKEY]...\n"
     "       turno witness DIR --vkey",
     "cosign the checkpoints of other logs; SIGTERM ends it",
     "  --log VKEY          a log that is trusted; its name is the origin; may stand often\n"
     "  --name NAME         of the key that is made at the first start, such as\n"
     "                      example.org/witness (default: localhost/turno-witness)\n"
     "  --listen HOST:PORT  numeric (default: 127.0.0.1:8090); POST /add-checkpoint, and\n"
     "                      GET /SHA256-OF-ORIGIN/checkpoint\n"
     "  --vkey              print the verifier key (made when there is none) and end\n"
     "  --allow-unlocked    run although the system does not lock secrets into memory\n"},
    {"bench", tn_command_bench,
     "bench [desk|rebuild|draw|all] [--events N] [--dir DIR]\n       turno bench disk|prove DIR",
     "measure this machine",
     "  desk        durable commands through the desk of a scratch ledger\n"
     "  rebuild     desk first, then the projections of that ledger from its log\n"
     "  draw        280,000 requests over 8 ports, in memory\n"
     "  --events N  commands of desk (default: 500000)\n"
     "  --dir DIR   where the scratch ledger is made, and left (default: $TMPDIR, else /tmp)\n"
     "  disk DIR    merge this ledger down for good and print bytes per event and family;\n"
     "              beside a server print them as it lies\n"
     "  prove DIR   inclusion proofs of random entries: from a cold disk, and again\n"},
};

const struct tn_cli_command *tn_cli_at(size_t i)
{
    return i < sizeof(commands) / sizeof(commands[0]) ? &commands[i] : NULL;
}

const struct tn_cli_command *tn_cli_find(const char *name)
{
    const struct tn_cli_command *command;

    for (size_t i = 0; (command = tn_cli_at(i)); i++) {
        if (strcmp(command->name, name) == 0) {
            return command;
        }
    }
    return NULL;
}

void tn_help_overview(FILE *out)
{
    const struct tn_cli_command *command;

    fprintf(out, "turno: an appointment ledger whose every decision can be recomputed\n\n");
    for (size_t i = 0; (command = tn_cli_at(i)); i++) {
        fprintf(out, "  turno %-12s %s\n", command->name, command->summary);
    }
    fprintf(
        out,
        "\nturno help COMMAND says more. With --json init, key, simulate, officer, witness, "
        "verify,\n"
        "audit, rebuild, check-proof and check-receipt print one JSON object; what others print\n"
        "is the same with it. Beside a server rebuild prints JSON in any case, and simulate\n"
        "--advance always does. A FILE with a document may be -, standard input. Exit: 0 done,\n"
        "1 a difference was found, 2 usage, 3 refused by a rule, 4 environment, 5 incomplete.\n");
}

void tn_help_command(FILE *out, const struct tn_cli_command *command)
{
    fprintf(out, "turno %s: %s\n\nusage: turno %s\n%s%s", command->name, command->summary,
            command->synopsis, command->details[0] ? "\n" : "", command->details);
}

/* In a man page a backslash and a leading dot or quote mean something. */
static void man_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\\' || *text == '-') {
            fputc('\\', out);
        }
        fputc(*text, out);
    }
}

static void help_man(FILE *out)
{
    const struct tn_cli_command *command;

    fprintf(out,
            ".TH TURNO 1 \"\" \"turno %s\"\n.SH NAME\nturno \\- an event-sourced appointment "
            "ledger\n.SH SYNOPSIS\n.B turno\nCOMMAND [ARGUMENTS]\n.SH COMMANDS\n",
            TN_VERSION);
    for (size_t i = 0; (command = tn_cli_at(i)); i++) {
        fprintf(out, ".SS ");
        man_text(out, command->name);
        fprintf(out, "\n");
        man_text(out, command->summary);
        fprintf(out, "\n.PP\n.nf\nturno ");
        man_text(out, command->synopsis);
        fprintf(out, "\n");
        man_text(out, command->details);
        fprintf(out, ".fi\n");
    }
    fprintf(out,
            ".SH EXIT STATUS\n0 done, 1 a difference was found, 2 usage, 3 refused by a rule, 4 "
            "environment, 5 incomplete\n");
}

static void help_completions(FILE *out)
{
    const struct tn_cli_command *command;

    fprintf(out, "complete -W '");
    for (size_t i = 0; (command = tn_cli_at(i)); i++) {
        fprintf(out, "%s%s", i > 0 ? " " : "", command->name);
    }
    fprintf(out, "' -o default turno\n");
}

int tn_help(int argc, char **argv)
{
    const struct tn_cli_command *command;

    if (argc < 2) {
        tn_help_overview(stdout);
        return TN_EXIT_DONE;
    }
    if (strcmp(argv[1], "--man") == 0) {
        help_man(stdout);
        return TN_EXIT_DONE;
    }
    if (strcmp(argv[1], "--completions") == 0) {
        help_completions(stdout);
        return TN_EXIT_DONE;
    }
    command = tn_cli_find(argv[1]);
    if (!command) {
        fprintf(stderr, "turno: there is no command %s\n", argv[1]);
        return TN_EXIT_USAGE;
    }
    tn_help_command(stdout, command);
    return TN_EXIT_DONE;
}
