//! The crate from outside: the format, the page, the files.

#[cfg(test)]
mod common;
#[cfg(test)]
mod compare;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod files;
#[cfg(test)]
mod html;
#[cfg(test)]
mod json;
