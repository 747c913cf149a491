//! Panics as tests see them: message and place. Tests run on several threads, which share one hook; so the hook keeps
//! places by thread, and prints the panics of nobody who asked.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

/// A panic: its message, and the line of the file that it points at.
#[derive(Debug)]
pub(crate) struct Panic {
    pub(crate) text: String,
    pub(crate) file: String,
    pub(crate) line: u32,
}

thread_local! {
    /// Place of the last panic while this thread runs what may panic; `None` at other times.
    static SEEN: RefCell<Option<(String, u32)>> = const { RefCell::new(None) };
}

/// The panic of `f`, or `None` if it returns.
pub(crate) fn panic_of(f: impl FnOnce()) -> Option<Panic> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |info| {
            SEEN.with_borrow_mut(|seen| match seen {
                Some(place) => {
                    let at = info.location().expect("panics have a place");
                    *place = (at.file().to_owned(), at.line());
                }
                None => usual(info),
            });
        }));
    });
    SEEN.set(Some((String::new(), 0)));
    let result = catch_unwind(AssertUnwindSafe(f));
    let (file, line) = SEEN.take().expect("set above");
    let payload = result.err()?;
    let text = match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => payload.downcast::<&str>().expect("a message").to_string(),
    };
    Some(Panic { text, file, line })
}
