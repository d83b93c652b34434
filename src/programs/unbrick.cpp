#include "src/cli/run.h"

int main(int argc, char** argv) { return unbrick::cli::run(argc, argv); }
