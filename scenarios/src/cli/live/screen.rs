//! The terminal while the live view has it: the other screen, and keys as they are pressed. It is given back on every way
//! out: when the view ends, when the process is ended from here, and when any thread panics.
//!
//! Invariant: nothing is drawn once it is given back. Whoever draws holds the lock meanwhile.

use std::io::{self, BufWriter, Stderr, stderr};
use std::sync::Once;
use std::time::Duration;

use parking_lot::Mutex;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};

use super::held;

/// Whether the live view has the terminal.
static TAKEN: Mutex<bool> = Mutex::new(false);
/// The panic hook stays once it is there.
static HOOK: Once = Once::new();
/// How long who gives it back waits for who draws: a thread that panics while it draws would wait for itself.
const PATIENCE: Duration = Duration::from_millis(500);

/// The screen to draw on; a picture is one write.
pub(super) type Screen = Terminal<CrosstermBackend<BufWriter<Stderr>>>;

/// Takes the terminal.
pub(super) fn take() -> io::Result<Screen> {
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
        }));
    });
    let mut taken = TAKEN.lock();
    enable_raw_mode()?;
    *taken = true;
    drop(taken);
    held::begin();
    // Not by the terminal's own clearing, which asks where the cursor is: it asks on standard output, which may be a file.
    let screen = execute!(stderr(), EnterAlternateScreen, Clear(ClearType::All))
        .and_then(|()| Terminal::new(CrosstermBackend::new(BufWriter::new(stderr()))));
    if screen.is_err() {
        give_back();
    }
    screen
}

/// Does something with the screen, unless it was given back.
pub(super) fn with<T>(work: impl FnOnce() -> T) -> Option<T> {
    let taken = TAKEN.lock();
    taken.then(work)
}

/// Gives the terminal back as it was, and prints what the log has held; once, however often it is called.
pub(in crate::cli) fn give_back() {
    let taken = TAKEN.try_lock_for(PATIENCE);
    match taken {
        Some(mut taken) if *taken => *taken = false,
        Some(_) => return,
        None => {}
    }
    // What does not work now will not work later.
    let _ = execute!(stderr(), LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
    held::end();
}
