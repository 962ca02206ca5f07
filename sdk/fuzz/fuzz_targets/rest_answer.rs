//! What a business server may answer, and what a client may send to one.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| y2w_fuzz::rest_answer(bytes));
libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    y2w_fuzz::mutate(data, size, max_size, seed)
});
