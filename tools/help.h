/* Help, man page and shell completions, all from the table of subcommands. */
#ifndef TN_TOOLS_HELP_H
#define TN_TOOLS_HELP_H

#include "tools/cli.h"

#define TN_VERSION "0.1.0"

void tn_help_overview(FILE *out);
void tn_help_command(FILE *out, const struct tn_cli_command *command);
/* `turno help [COMMAND | --man | --completions]`; argv[0] is "help". */
int tn_help(int argc, char **argv);

#endif
