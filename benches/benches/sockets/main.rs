//! The server over real sockets, it and what loads it on the same machine:
//! `cargo bench -p y2w-benches --bench sockets [-- push|http|memory]`.
//!
//! * `push`: deliveries per second to 1,000 and to 9,000 connections, and the server's CPU for each; the same fan-out
//!   through Mosquitto, where it is installed, and through rumqttd.
//! * `http`: `POST messages` and `GET messages` per second, and an empty axum handler asked by the same client.
//! * `memory`: what an idle connection costs, and how many one process holds.
//!
//! Whatever is loaded runs in a process of its own, so that its CPU and memory are told apart from the client's, which
//! is one thread over raw sockets. Figures of one run can be compared with each other: the machine may be busy. The exit
//! code is 1 if a bar is missed.

#[cfg(target_os = "linux")]
mod child;
#[cfg(target_os = "linux")]
mod crowd;
#[cfg(target_os = "linux")]
mod fan_out;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod mqtt;
#[cfg(target_os = "linux")]
mod peers;
#[cfg(target_os = "linux")]
mod requests;
#[cfg(target_os = "linux")]
mod run;

/// As the commands have it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    match child::role() {
        Some(role) => peers::serve(&role),
        None => run::run(),
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!(
        "sockets reads CPU and memory of processes from /proc, as Linux has it: nothing was measured here"
    );
}
