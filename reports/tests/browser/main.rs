//! The pages in a real browser: opened from files, with the network cut, as a phone and as a desk shows them.
//!
//! `probe.html` holds a page in two frames and measures it; Chromium prints what it has measured, and what the page
//! said on the console. It needs Chromium, and is therefore run by `.ci/browser`.

#[cfg(test)]
#[path = "../../examples/sample/compared.rs"]
mod compared;
#[cfg(test)]
mod look;
#[cfg(test)]
mod pages;
#[cfg(test)]
#[path = "../../examples/sample/runs.rs"]
mod runs;
