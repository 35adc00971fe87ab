//! What cannot be measured, told at the token that says so.

use syn::{Error, Result};

use crate::arguments::Arguments;
use crate::function::{Function, Returns};

pub(crate) fn check(function: &Function, arguments: &Arguments) -> Result<()> {
    let signature = &function.signature;
    if let Some(constant) = &signature.constness {
        let message = "a `const fn` cannot be measured: it also runs in the compiler, where there is no clock";
        return Err(Error::new(constant.span, message));
    }
    check_stream(function, arguments, cfg!(feature = "stream"))?;
    if let Some(sample) = &arguments.sample {
        let is_future =
            signature.asyncness.is_some() || matches!(function.returns(), Returns::Future(..));
        let reason = if is_future {
            "an async function"
        } else if !arguments.labels.is_empty() {
            "a function with `labels`"
        } else if arguments.monitor.is_some() {
            "a function with a `monitor` of its own"
        } else {
            ""
        };
        if !reason.is_empty() {
            let message = format!(
                "`sample` is for plain functions of a few nanoseconds, and {reason} takes longer: leave it out"
            );
            return Err(Error::new(sample.span(), message));
        }
    }
    if signature.asyncness.is_none()
        && matches!(function.returns(), Returns::Unnamed)
        && let Some(question) = arguments.asked_of_value()
    {
        let message = "the value of a function that returns `!` or an `impl Trait` which is no future is not looked at, so nothing can be asked of it";
        return Err(Error::new_spanned(question, message));
    }
    Ok(())
}

fn check_stream(function: &Function, arguments: &Arguments, has_feature: bool) -> Result<()> {
    let Some(stream) = arguments.stream.as_ref().filter(|stream| stream.value) else {
        return Ok(());
    };
    let refused = |message: &str| Err(Error::new(stream.span, message));
    if !has_feature {
        return refused(
            "`stream` needs the feature `stream` of perfkit-core: `cargo add perfkit-core --features stream`",
        );
    }
    if function.returned_stream().is_none() {
        return refused(
            "`stream` is for functions that are not async and whose type says that they return a stream: `impl Stream<…>`, `Pin<Box<dyn Stream<…>>>` or `BoxStream<…>`",
        );
    }
    if let Some(throughput) = &arguments.throughput {
        let message = "the throughput of a stream is the number of its items, which are counted: leave out `throughput`";
        return Err(Error::new(throughput.unit.span(), message));
    }
    if let Some(sample) = &arguments.sample {
        let message = "`sample` is for plain functions of a few nanoseconds, and a stream takes longer: leave it out";
        return Err(Error::new(sample.span(), message));
    }
    if let Some(question) = arguments.asked_of_value() {
        let message = "nothing can be asked of a stream, which has no value in the end: it succeeds when it ends";
        return Err(Error::new_spanned(question, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test panics")]

    use quote::quote;

    use super::*;

    #[test]
    fn without_the_feature_the_message_says_which_one_it_is() {
        let function = quote!(
            fn rows() -> impl Stream<Item = u32> {}
        );
        let function: Function = syn::parse2(function).unwrap();
        let arguments: Arguments = syn::parse2(quote!(stream)).unwrap();
        let error = check_stream(&function, &arguments, false).unwrap_err();
        assert!(error.to_string().contains("--features stream"), "{error}");
        assert!(check_stream(&function, &arguments, true).is_ok());
        let arguments: Arguments = syn::parse2(quote!(stream = false)).unwrap();
        assert!(check_stream(&function, &arguments, false).is_ok());
    }
}
