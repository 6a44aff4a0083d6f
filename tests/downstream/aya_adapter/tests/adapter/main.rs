mod files;
mod kernel;
mod programs;
