//! Threads that sleep as those of the standard library do, for loom. Its own `unpark` forgets the token of a thread
//! that waits for a mutex, and lets that thread into the mutex.

use std::sync::Arc;

use loom::sync::{Condvar, Mutex};
use loom::thread::ThreadId;

use super::lock;

loom::thread_local! {
    static ME: Thread = Thread {
        id: loom::thread::current().id(),
        token: Arc::default(),
    };
}

/// A handle to a thread.
#[derive(Debug, Clone)]
pub struct Thread {
    id: ThreadId,
    token: Arc<(Mutex<bool>, Condvar)>,
}

impl Thread {
    /// The thread's id.
    pub fn id(&self) -> ThreadId {
        self.id
    }

    /// Lets the thread's current or next `park` return.
    pub fn unpark(&self) {
        let (there, changed) = &*self.token;
        *lock(there) = true;
        changed.notify_one();
    }
}

/// The thread that runs.
pub fn current() -> Thread {
    ME.with(Thread::clone)
}

/// Sleeps until somebody unparks this thread.
pub fn park() {
    let me = current();
    let (there, changed) = &*me.token;
    let mut token = lock(there);
    while !*token {
        token = changed.wait(token).unwrap();
    }
    *token = false;
}
