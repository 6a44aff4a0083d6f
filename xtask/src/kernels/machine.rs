//! The architectures of the kernels, and how each is compiled for and emulated.

use std::process::Command;

/// An architecture that kernels are booted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Architecture {
    Amd64,
    Arm64,
    S390x,
}

impl Architecture {
    /// Returns Debian's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
            Self::S390x => "s390x",
        }
    }

    /// Returns a command of the C compiler for programs without shared libraries.
    pub(crate) fn compiler(self) -> Command {
        let mut compiler = Command::new(match self {
            Self::Amd64 => "x86_64-linux-gnu-gcc",
            Self::Arm64 => "aarch64-linux-gnu-gcc",
            Self::S390x => "s390x-linux-gnu-gcc",
        });
        compiler.args(["-std=gnu11", "-O1", "-static", "-D_FILE_OFFSET_BITS=64"]);
        compiler
    }

    /// Returns a command of the emulator, without the kernel and its parameters.
    pub(crate) fn emulator(self) -> Command {
        let (program, machine, processor) = match self {
            Self::Amd64 => ("qemu-system-x86_64", "q35", "max"),
            // To emulate signed pointers, with which each function begins and ends, takes most of the time.
            Self::Arm64 => ("qemu-system-aarch64", "virt", "max,pauth=off"),
            Self::S390x => ("qemu-system-s390x", "s390-ccw-virtio", "max"),
        };
        let mut emulator = Command::new(program);
        emulator.args(["-accel", "tcg", "-machine", machine, "-cpu", processor, "-m", "2048"]);
        emulator.args(["-nographic", "-no-reboot", "-nic", "none"]);
        emulator
    }

    /// Returns the kernel's parameters.
    pub(crate) fn parameters(self) -> &'static str {
        match self {
            Self::Amd64 => "console=ttyS0 quiet panic=-1 nokaslr mitigations=off",
            Self::Arm64 => "console=ttyAMA0 quiet panic=-1",
            Self::S390x => "quiet panic=-1",
        }
    }
}
