// The command line: which command was meant, and bad input told clearly.
#pragma once

namespace unbrick::cli {
int run(int argc, char** argv);
}
