#!/usr/bin/env node
// Committed, so that npm can link the bin before the first build; all it does is start the build.
import { main } from "../dist/cli/main.js";

process.exitCode = await main(process.argv.slice(2));
