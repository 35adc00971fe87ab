//! The attributes `#[measure]` and `#[benchmark]` of perfkit. Use it through the `perfkit` library,
//! whose documentation shows it at work.
//!
//! Parse → check → expand, one file each. A mistake yields one message and the
//! untouched function, so that it brings no further errors with it.

mod arguments;

mod function;

mod check;

mod exits;

mod names;

mod labels;

mod expand;

mod benchmark;

use proc_macro2::TokenStream;
use quote::quote;

use arguments::Arguments;
use function::Function;

/// Measures every call of a function, a method or an `async fn`.
///
/// The operation is named after the function, with its module path and, for a
/// method, its type. A returned `Err` is a failure, a panic is recorded while it
/// unwinds, and a future that is dropped before it finishes is cancelled. The
/// signature, attributes and visibility stay as they are.
///
/// | option | meaning |
/// |---|---|
/// | `name = "…"` | the operation's name |
/// | `memory` | bytes and number of allocations, net and peak growth; needs `perfkit::CountingAllocator` |
/// | `cpu` | CPU time of the thread, at the price of two system calls |
/// | `throughput(items = EXPR)` | how many items the call processes, evaluated before the body |
/// | `throughput(bytes = EXPR)` | the same in bytes |
/// | `labels(key = EXPR, …)` | values that tell calls apart: each combination is an operation `name{key="value"}`. A closure is called after the body with a reference to the returned value, as in `labels(status = \|response\| response.status())`; any other expression is evaluated before the body |
/// | `sample = N` | counts every call and times one of N, at random, for functions of a few nanoseconds |
/// | `stream` | measures the stream that the function returns, from its first poll to its end, with what it yields as items; needs the feature `stream` |
/// | `stream = false` | measures the making of that stream alone |
/// | `ok = EXPR` | a function from a reference to the returned value to `bool`, or to `Result<(), K>` where `K` is the kind of failure: whether the call succeeded |
/// | `error_kind = EXPR` | a function from a reference to the error to the kind of failure, anything that implements `Display` |
/// | `monitor = EXPR` | the monitor to record to, instead of the global one |
/// | `crate = PATH` | the path of the perfkit library, where it was renamed |
///
/// An async function's time runs from its first poll to completion, waiting
/// included; so does that of a function whose type says that it returns a future,
/// bare or boxed, as `#[async_trait]` makes them. A future behind an alias of the
/// caller's own is not seen: then only making it is measured.
///
/// With `stream` the type says that the function returns a stream: `impl Stream`,
/// `Pin<Box<dyn Stream>>` or another box, `BoxStream`. A stream that ends is a success, and one
/// that is dropped between its first poll and its end is cancelled. The time to the first item
/// is that of the operation `NAME (first item)`. Where the type says so and the options say
/// nothing, making the stream is measured, with a warning of the lint `deprecated`.
///
/// Without `error_kind` an error that implements `perfkit::ErrorKind` says its kind, and
/// any other has its type as the kind.
///
/// A call that panics or is cancelled has no value: `panic` or `cancelled` stands in the
/// place of what a label's closure would have said.
///
/// An associated function without `self` or `Self` in its signature is named
/// like a free function. The value of a function that returns `impl Trait` is
/// taken for a success.
///
/// The body of a function with `#[track_caller]` stays in its function, so that it sees
/// the caller. What a macro in it returns early (`bail!`) is not seen there: it counts as a
/// failure of the kind `returned_by_macro`.
#[proc_macro_attribute]
pub fn measure(
    arguments: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    expanded(measured, arguments, item)
}

/// What an attribute makes of an item, or the message why it cannot and the item.
fn expanded(
    expand: fn(TokenStream, TokenStream) -> syn::Result<TokenStream>,
    arguments: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    let item = TokenStream::from(item);
    expand(arguments.into(), item.clone())
        .unwrap_or_else(|error| {
            let error = error.into_compile_error();
            quote!(#error #item)
        })
        .into()
}

fn measured(arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let function: Function = syn::parse2(item)?;
    let arguments: Arguments = syn::parse2(arguments)?;
    check::check(&function, &arguments)?;
    Ok(expand::expand(&function, &arguments))
}

/// Makes a function a benchmark, which `perfkit::benchmarks!` runs. The function
/// itself stays as it is.
///
/// | option | meaning |
/// |---|---|
/// | `group = EXPR` | the group, whose others are compared with its first; by default the program's name |
/// | `name = EXPR` | the implementation's name; by default the function's |
/// | `arguments = EXPR` | what the function is called with, one group for each: an array, a range, … |
/// | `items = EXPR`, `bytes = EXPR` | how much a call processes; may speak of the argument by its name |
/// | `threads = N` | so many threads call it at the same time |
/// | `fallible` | it returns a `Result`, and an error is a failure |
/// | `crate = PATH` | the path of the perfkit library, where it was renamed |
#[proc_macro_attribute]
pub fn benchmark(
    arguments: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    expanded(benchmark::benchmark, arguments, item)
}
