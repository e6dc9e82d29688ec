//! The threads that run CPU-bound work, at a lower priority than those that serve requests. When all cores are busy with
//! pixels, a request that needs a moment still gets it at once.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError};

/// How much higher the nice value of the threads is. By it, a core that is contested gives a request about nine tenths
/// of its time.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// The highest nice value.
#[cfg(target_os = "linux")]
const MAX_NICE: i32 = 19;

type Job = Box<dyn FnOnce() + Send>;

/// Threads that run one job at a time each. They start with the first job, and end after the last when this is dropped.
pub(super) struct Threads {
    queue: Arc<Queue>,
    started: Once,
    count: usize,
}

#[derive(Default)]
struct Queue {
    jobs: Mutex<Jobs>,
    changed: Condvar,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    is_closed: bool,
}

impl Threads {
    pub(super) fn new(count: usize) -> Self {
        Self { queue: Arc::default(), started: Once::new(), count }
    }

    /// Runs a job as soon as a thread is free. A job must not panic.
    pub(super) fn run(&self, job: Job) {
        self.started.call_once(|| self.start());
        self.queue.lock().waiting.push_back(job);
        self.queue.changed.notify_one();
    }

    fn start(&self) {
        for number in 0..self.count {
            let queue = Arc::clone(&self.queue);
            let thread = std::thread::Builder::new().name(format!("compute-{number}"));
            let started = thread.spawn(move || {
                lower_priority();
                queue.work();
            });
            if let Err(error) = started {
                tracing::error!(%error, "a compute thread could not be started");
            }
        }
    }
}

impl Queue {
    fn work(&self) {
        let mut jobs = self.lock();
        loop {
            if let Some(job) = jobs.waiting.pop_front() {
                drop(jobs);
                job();
                jobs = self.lock();
            } else if jobs.is_closed {
                return;
            } else {
                jobs = self.changed.wait(jobs).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Jobs> {
        // No job runs under the lock, so it is never poisoned.
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.queue.lock().is_closed = true;
        self.queue.changed.notify_all();
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threads").field("count", &self.count).finish_non_exhaustive()
    }
}

/// Lowers the priority of this thread. On Linux a nice value belongs to a thread; elsewhere it belongs to the process, so
/// it is left as it is.
#[cfg(target_os = "linux")]
fn lower_priority() {
    use rustix::process::{getpriority_process, setpriority_process};
    let lowered = getpriority_process(None)
        .and_then(|nice| setpriority_process(None, (nice + NICENESS).min(MAX_NICE)));
    if let Err(error) = lowered {
        tracing::debug!(%error, "the priority of a compute thread could not be lowered");
    }
}

#[cfg(not(target_os = "linux"))]
fn lower_priority() {}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn run<T: Send + 'static>(threads: &Threads, work: fn() -> T) -> T {
        let (sender, receiver) = mpsc::channel();
        threads.run(Box::new(move || sender.send(work()).expect("someone waits")));
        receiver.recv().expect("it ran")
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_threads_and_only_they_have_a_lower_priority() {
        let nice = || rustix::process::getpriority_process(None).expect("a nice value");
        let own = nice();
        assert_eq!(run(&Threads::new(1), nice), (own + NICENESS).min(MAX_NICE));
        assert_eq!(nice(), own);
    }

    #[test]
    fn what_waits_is_done_even_if_nobody_adds_more() {
        let threads = Threads::new(2);
        let (sender, receiver) = mpsc::channel();
        for number in 0..50 {
            let sender = sender.clone();
            threads.run(Box::new(move || sender.send(number).expect("someone waits")));
        }
        drop((threads, sender));
        let mut done: Vec<i32> = receiver.iter().collect();
        done.sort_unstable();
        assert_eq!(done, (0..50).collect::<Vec<_>>());
    }
}
