//! mdBook reports an unresolved include or a broken formula as a log line and exits with
//! success. Here every warning is a failure.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex};

use anyhow::{Result, bail};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// Runs `work` and fails if it logged a warning or an error.
///
/// # Errors
/// What `work` returns, or else the warnings.
pub fn strictly<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let warnings = Warnings::default();
    let subscriber = tracing_subscriber::registry().with(warnings.clone());
    let result = tracing::subscriber::with_default(subscriber, work)?;
    let warnings = warnings.0.lock().expect("no writer panics");
    if !warnings.is_empty() {
        bail!("mdBook warned, and a warning is a failure here:\n{}", warnings.join("\n"));
    }
    Ok(result)
}

#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Warnings {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() > Level::WARN {
            return;
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        self.0.lock().expect("no writer panics").push(message.0);
    }
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let written = match field.name() {
            "message" => write!(self.0, "{value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
        written.expect("a string takes everything");
    }
}

#[cfg(test)]
mod tests {
    use super::strictly;

    #[test]
    fn a_warning_is_a_failure_and_is_told() {
        let result = strictly(|| {
            tracing::warn!("an include is missing");
            Ok(())
        });
        assert!(result.unwrap_err().to_string().contains("an include is missing"));
    }

    #[test]
    fn information_is_not() {
        strictly(|| {
            tracing::info!("all is well");
            Ok(())
        })
        .unwrap();
    }
}
