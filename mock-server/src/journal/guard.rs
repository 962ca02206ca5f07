//! The store asserts what its file has to be like. A file that somebody has cut or changed is not a mistake in the
//! program, so while data is read such a panic is an error as any other.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static READING: Cell<bool> = const { Cell::new(false) };
    static SAID: RefCell<String> = const { RefCell::new(String::new()) };
}

/// What `read` gives, or what it has panicked with. It is not to leave anything behind that is used afterwards.
pub(super) fn guarded<T>(read: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if READING.get() {
                let payload = info.payload();
                let text = payload.downcast_ref::<&str>().copied();
                let said = text.or_else(|| payload.downcast_ref().map(String::as_str));
                let said = said.unwrap_or("it cannot be read");
                SAID.set(said.lines().collect::<Vec<_>>().join(" "));
            } else {
                usual(info);
            }
        }));
    });
    READING.set(true);
    let read = catch_unwind(AssertUnwindSafe(read));
    READING.set(false);
    read.map_err(|_| SAID.take())
}
