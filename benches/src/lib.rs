//! Nothing but benchmarks lives in this crate; see `benches/`.
