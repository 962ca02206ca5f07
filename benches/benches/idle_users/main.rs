//! What an idle user costs: `cargo bench -p y2w-benches --bench idle_users [-- --users N]`.
//!
//! Many users in one process, each of them complete: logged in over HTTP, connected over MQTT on TCP, with a contact, a
//! conversation, and a session of two members and two messages. The server runs in a process of its own, so that what
//! is measured are users and nothing else. Memory is the process's resident set, with the allocator of the command
//! `y2w`; what the kernel keeps for sockets is not in it.
//!
//! The bars: at most 64 KiB of memory for a user, and no CPU between two keep-alives. The exit code is 1 if the first is
//! missed; CPU is a time, and only shown.

#[cfg(target_os = "linux")]
mod measure;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod server;
#[cfg(target_os = "linux")]
mod users;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    if server::is_wanted() { server::run() } else { measure::run() }
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!(
        "idle_users reads memory and context switches from /proc, as Linux has it: nothing was measured here"
    );
}
