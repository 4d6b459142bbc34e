/** The library from its build, and its peers from this folder's own node_modules. */
import AsyncLockModule from "async-lock";
import * as asyncMutexModule from "async-mutex";
import asyncSemaModule from "async-sema";
import fastqModule from "fastq";
import * as lockwrightModule from "../packages/lockwright/dist/index.js";

export const lockwright = lockwrightModule;
export const asyncMutex = asyncMutexModule;
export const asyncSema = asyncSemaModule;
export const AsyncLock = AsyncLockModule;
export const fastq = fastqModule;
