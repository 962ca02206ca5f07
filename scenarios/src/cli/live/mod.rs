//! The live view of a run, where standard error is a terminal that somebody looks at.
//!
//! * [`told`]: what the run tells, kept. [`state`]: the same as plain data, bounded. Pure.
//! * [`draw`]: the picture, a function of the state and the room there is. Pure.
//! * [`screen`]: the terminal, taken and given back on every way out. [`held`]: the log meanwhile.
//!
//! The view has a thread of its own, so that neither drawing nor a slow terminal holds up what is measured: the run only
//! leaves a copy of its figures under a lock.

mod draw;
#[cfg(test)]
mod draw_tests;
mod held;
mod screen;
mod state;
mod told;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle, park_timeout};
use std::time::Duration;

use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, poll, read};
use tokio_util::sync::CancellationToken;
use y2w_sdk::clock::Clock;

pub(super) use held::Log;
use screen::Screen;
pub(super) use screen::give_back;
pub(super) use state::{About, State};
pub(super) use told::Told;

use super::interrupt;

/// Between two pictures.
const FRAME: Duration = Duration::from_millis(250);
/// How long the end of the run waits for the view at most.
const LOOK: Duration = Duration::from_millis(50);

/// The view, from when it is made until it is dropped.
pub(super) struct Live {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What the view's thread has.
struct View {
    told: Arc<Told>,
    clock: Clock,
    stop: CancellationToken,
    over: Arc<AtomicBool>,
    /// Whether keys can be read.
    keys: bool,
}

impl Live {
    /// Takes the terminal and shows what is told. Keys end the run by `stop`.
    pub(super) fn begin(told: Arc<Told>, clock: Clock, stop: CancellationToken) -> io::Result<Self> {
        let screen = screen::take()?;
        let over = Arc::new(AtomicBool::new(false));
        let view = View { told, clock, stop, over: over.clone(), keys: true };
        // From here on the terminal is given back also if there can be no thread.
        let mut live = Self { over, thread: None };
        live.thread = Some(Builder::new().name("live view".to_owned()).spawn(move || view.show(screen))?);
        Ok(live)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // If it panicked, that was told.
            let _ = thread.join();
        }
        give_back();
    }
}

impl View {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn show(mut self, mut screen: Screen) {
        while !self.is_over() {
            let mut state = self.told.now();
            state.ending = self.stop.is_cancelled();
            state.held = held::count();
            let drawn = screen::with(|| screen.draw(|frame| draw::draw(&state, frame)).is_ok());
            if drawn != Some(true) {
                return;
            }
            self.until_the_next();
        }
    }

    /// Waits for the next picture, and does what keys say meanwhile.
    fn until_the_next(&mut self) {
        let due = self.clock.elapsed() + FRAME;
        while let Some(left) = due.checked_sub(self.clock.elapsed()).filter(|left| !left.is_zero()) {
            if self.is_over() {
                return;
            }
            if !self.keys {
                park_timeout(left);
                continue;
            }
            match poll(left.min(LOOK)).and_then(|there| if there { read().map(Some) } else { Ok(None) }) {
                Ok(None) => {}
                Ok(Some(event)) => {
                    if self.heard(&event) {
                        return;
                    }
                }
                // A terminal without keys: signals still end the run.
                Err(_) => self.keys = false,
            }
        }
    }

    /// Whether there is something new to show.
    fn heard(&self, event: &Event) -> bool {
        match event {
            Event::Resize(..) => true,
            Event::Key(key) => match meaning(key) {
                Some(Wish::End) if self.stop.is_cancelled() => interrupt::end_at_once(),
                Some(Wish::End) => {
                    self.stop.cancel();
                    true
                }
                Some(Wish::Help) => {
                    self.told.turn_help();
                    true
                }
                None => false,
            },
            _ => false,
        }
    }
}

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    End,
    Help,
}

fn meaning(key: &KeyEvent) -> Option<Wish> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    match (key.code, key.modifiers.contains(KeyModifiers::CONTROL)) {
        (KeyCode::Char('q' | 'Q'), false) | (KeyCode::Char('c' | 'C'), true) => Some(Wish::End),
        (KeyCode::Char('?'), _) => Some(Wish::Help),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q_and_ctrl_c_end_the_run_and_no_other_key_does() {
        let key = |code, modifiers| meaning(&KeyEvent::new(code, modifiers));
        assert_eq!(key(KeyCode::Char('q'), KeyModifiers::NONE), Some(Wish::End));
        assert_eq!(key(KeyCode::Char('c'), KeyModifiers::CONTROL), Some(Wish::End));
        assert_eq!(key(KeyCode::Char('?'), KeyModifiers::SHIFT), Some(Wish::Help));
        for code in [KeyCode::Char('c'), KeyCode::Esc, KeyCode::Enter, KeyCode::Char('x')] {
            assert_eq!(key(code, KeyModifiers::NONE), None, "{code:?}");
        }
        let let_go = KeyEvent::new_with_kind(KeyCode::Char('q'), KeyModifiers::NONE, KeyEventKind::Release);
        assert_eq!(meaning(&let_go), None);
    }
}
