//! From the checked parts to the measured function.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit_mut::{VisitMut, visit_type_mut};
use syn::{Ident, LitBool, ReturnType, Type, parse_quote};

use crate::arguments::{Arguments, Label, Throughput};
use crate::exits;
use crate::function::{Function, ReturnedStream, Returns, Wrapped};
use crate::labels::{label_trait, label_value, told};
use crate::names::{hidden, private, private_at};

pub(crate) fn expand(function: &Function, arguments: &Arguments) -> TokenStream {
    let Function {
        attributes,
        visibility,
        default,
        signature,
        inner_attributes,
        body_span,
        ..
    } = function;
    let body = if cfg!(feature = "record") {
        measured_body(function, arguments)
    } else {
        silent_body(function, arguments)
    };
    let block = quote_spanned!(*body_span=> { #(#inner_attributes)* #body });
    quote!(#(#attributes)* #visibility #default #signature #block)
}

fn measured_body(function: &Function, arguments: &Arguments) -> TokenStream {
    let Generator { site, enter } = Generator::new(function, arguments);
    let is_stream_wanted = arguments.stream.as_ref().map(LitBool::value);
    match (function.returned_stream(), is_stream_wanted) {
        (Some(stream), Some(true)) => {
            let code = stream_call(function, arguments, &enter, stream);
            quote!(#site #code)
        }
        (Some(stream), None) => {
            let warning = stream_is_not_measured(arguments, &stream);
            let code = call(function, arguments, &enter);
            quote!(#warning #site #code)
        }
        _ => {
            let code = call(function, arguments, &enter);
            quote!(#site #code)
        }
    }
}

fn call(function: &Function, arguments: &Arguments, enter: &TokenStream) -> TokenStream {
    if function.signature.asyncness.is_some() {
        return async_call(function, arguments, enter);
    }
    match function.returns() {
        Returns::Future(wrapped, output) => {
            future_call(function, arguments, enter, wrapped, *output)
        }
        Returns::Value if function.tracks_caller() => value_in_place(function, arguments, enter),
        Returns::Value => value_call(function, arguments, enter),
        Returns::Unnamed => guarded_call(function, enter),
    }
}

/// Wraps the body in an async block, so that `?` and `return` end there.
fn async_call(function: &Function, arguments: &Arguments, enter: &TokenStream) -> TokenStream {
    let private = private(arguments);
    let body = &function.body;
    let owned = take_parameters(function);
    let pin_type = pin_return_type(&function.signature.output, &private);
    let outcome = outcome(arguments, &quote!(#private::ErrorTextPolicy::all()));
    let [call, value, future] = ["call", "value", "future"].map(hidden);
    let never_returns = matches!(&function.signature.output,
        ReturnType::Type(_, returned) if matches!(**returned, Type::Never(_)));
    let awaited = quote!(#call.measure(#future, |#value| #outcome).await);
    let awaited = if never_returns {
        quote!(match #awaited {})
    } else {
        awaited
    };
    quote! {
        let #call = #enter.find();
        let #future = async move { #owned #pin_type #body };
        #awaited
    }
}

/// Wraps the future that the function returns.
fn future_call(
    function: &Function,
    arguments: &Arguments,
    enter: &TokenStream,
    wrapped: Wrapped,
    output: Option<Type>,
) -> TokenStream {
    let private = private(arguments);
    let outcome = outcome(arguments, &quote!(#private::ErrorTextPolicy::all()));
    let [call, value, future] = ["call", "value", "future"].map(hidden);
    let made = made(function, &private, "future", wrapped, output);
    let measured = quote!(#call.measure(#future, |#value| #outcome));
    let measured = in_box(wrapped, measured, &private);
    let quiet = quiet_of_type(function);
    quote! {
        let #call = #enter.find();
        #quiet
        let #future = #made;
        #measured
    }
}

/// Wraps the stream that the function returns.
fn stream_call(
    function: &Function,
    arguments: &Arguments,
    enter: &TokenStream,
    returned: ReturnedStream,
) -> TokenStream {
    let ReturnedStream { wrapped, item, .. } = returned;
    let private = private(arguments);
    let [call, stream] = ["call", "stream"].map(hidden);
    let made = made(function, &private, "stream", wrapped, item);
    let measured = in_box(wrapped, quote!(#call.measure_stream(#stream)), &private);
    quote! {
        let #call = #enter.find();
        let #stream = #made;
        #measured
    }
}

/// An item that the compiler warns of, where the type says that the function returns a
/// stream and nothing says whether that is to be measured.
fn stream_is_not_measured(arguments: &Arguments, returned: &ReturnedStream) -> TokenStream {
    let private = private(arguments);
    let warning = Ident::new("STREAM_IS_NOT_MEASURED", returned.span);
    quote!(const _: () = #private::#warning;)
}

fn in_box(wrapped: Wrapped, measured: TokenStream, private: &TokenStream) -> TokenStream {
    match wrapped {
        Wrapped::Bare => measured,
        Wrapped::Box => quote!(#private::Box::new(#measured)),
        Wrapped::PinnedBox => quote!(#private::Box::pin(#measured)),
    }
}

/// Makes the `future` or `stream` that the function returns, of which the type may say
/// what comes out of it.
fn made(
    function: &Function,
    private: &TokenStream,
    kind: &str,
    wrapped: Wrapped,
    output: Option<Type>,
) -> TokenStream {
    match function.tracks_caller() {
        true => made_in_place(function, private, kind, wrapped, output),
        false => made_in_closure(function, private, kind, wrapped, output),
    }
}

fn made_in_closure(
    function: &Function,
    private: &TokenStream,
    kind: &str,
    wrapped: Wrapped,
    output: Option<Type>,
) -> TokenStream {
    let body = &function.body;
    let owned = take_parameters(function);
    let returned = erased_return(&function.signature.output);
    match (wrapped, output) {
        (Wrapped::Bare, Some(output)) => {
            let output = erased(&output);
            let checked = format_ident!("{kind}_of");
            quote!(#private::#checked::<#output, _>(move || { #owned #body }))
        }
        _ => quote!(#private::call_once(move || #returned { #owned #body })),
    }
}

/// The same where what makes it sees the function's caller.
fn made_in_place(
    function: &Function,
    private: &TokenStream,
    kind: &str,
    wrapped: Wrapped,
    output: Option<Type>,
) -> TokenStream {
    let block = exits::block(&function.body, private);
    match (wrapped, output, &function.signature.output) {
        (Wrapped::Bare, Some(output), _) => {
            let output = erased(&output);
            let checked = format_ident!("{kind}");
            quote!(#private::#checked::<#output, _>(#block))
        }
        (Wrapped::Bare, None, _) | (_, _, ReturnType::Default) => block,
        (_, _, ReturnType::Type(_, returned)) => {
            let returned = erased(returned);
            let made = hidden("made");
            quote!({ let #made: #returned = #block; #made })
        }
    }
}

/// Leaves the body where it is and looks at its value.
fn value_in_place(function: &Function, arguments: &Arguments, enter: &TokenStream) -> TokenStream {
    let private = private(arguments);
    let block = exits::block(&function.body, &private);
    let returned = checked_type(function);
    // The parts that a type leaves to the compiler are those of a `Result`.
    let may_fail = match arguments.ok.is_some() || function.returns_opaque() {
        true => quote!(true),
        false => quote! {{
            #[allow(unused_imports)]
            use #private::{ProbeFallible as _, ProbeInfallible as _};
            (&&#private::PhantomData::<#returned>).__perfkit_may_fail()
        }},
    };
    let [call, value, result, text_policy] = ["call", "value", "result", "text_policy"].map(hidden);
    let outcome = outcome(arguments, &quote!(#text_policy));
    let quiet = quiet_of_type(function);
    quote! {
        let #call = #private::InPlace::new(#enter.begin(), #may_fail);
        #quiet
        let #result: #returned = #block;
        #[allow(unreachable_code, reason = "the body may have no end")]
        #call.finish(|#text_policy| { let #value = &#result; #outcome });
        #result
    }
}

/// Runs the body in a closure, so that `?` and `return` end there and the value
/// can be looked at.
fn value_call(function: &Function, arguments: &Arguments, enter: &TokenStream) -> TokenStream {
    let private = private(arguments);
    let body = &function.body;
    let owned = take_parameters(function);
    let returned = erased_return(&function.signature.output);
    let [call, value, result, text_policy] = ["call", "value", "result", "text_policy"].map(hidden);
    let outcome = outcome(arguments, &quote!(#text_policy));
    let quiet = quiet_of_type(function);
    quote! {
        let #call = #enter.begin();
        #quiet
        let #result = #private::call_once(move || #returned { #owned #body });
        #call.finish(|#text_policy| { let #value = &#result; #outcome });
        #result
    }
}

/// Leaves the body where it is, beside a guard.
fn guarded_call(function: &Function, enter: &TokenStream) -> TokenStream {
    let body = &function.body;
    let guard = hidden("guard");
    quote! {
        let #guard = #enter.begin_to_drop();
        #body
    }
}

/// A statement that makes a closure or an async block own every parameter
/// whole, in the order in which the function would drop them.
fn take_parameters(function: &Function) -> TokenStream {
    let names = function.owned_names();
    quote!(let _ = (#(&#names,)*);)
}

/// The function as it was. What the options mention still counts as used and is
/// still checked.
fn silent_body(function: &Function, arguments: &Arguments) -> TokenStream {
    let private = private(arguments);
    let value = hidden("value");
    let amount = arguments.throughput.as_ref().map(|throughput| {
        let amount = &throughput.amount;
        quote_spanned!(amount.span()=> let _ = #private::amount(#amount);)
    });
    let monitor = arguments
        .monitor
        .as_ref()
        .map(|monitor| quote!(let _ = &(#monitor);));
    let ok = arguments.ok.as_ref();
    let ok = ok.map(|is_ok| quote_spanned!(is_ok.span()=> #private::decide(#value, #is_ok, || ::core::unreachable!())));
    let kind = arguments.error_kind.as_ref();
    let kind = kind.map(|kind| quote_spanned!(kind.span()=> #private::kind_of(#value, #kind)));
    let told: Vec<_> = arguments
        .labels_of_result()
        .map(|label| told(arguments, label, &value))
        .collect();
    let asked_of_value = checked_type(function).map(|returned| {
        let asked = ok.iter().chain(&kind).chain(&told);
        quote!(#(let _ = |#value: &#returned| { let _ = #asked; };)*)
    });
    let asked_of_value = asked_of_value.unwrap_or_default();
    let body = &function.body;
    let labels = arguments.labels_before().map(|Label { value, .. }| {
        let value = label_value(arguments, value);
        quote!(let _ = #value;)
    });
    let labels: TokenStream = labels.collect();
    if amount.is_none() && monitor.is_none() && asked_of_value.is_empty() && labels.is_empty() {
        return body.clone();
    }
    let label_trait = label_trait(arguments);
    quote!(let _ = || { #label_trait #amount #monitor #labels }; #asked_of_value #body)
}

/// The type of the value that decides success, as far as it can be written.
fn checked_type(function: &Function) -> Option<Type> {
    if function.signature.asyncness.is_none()
        && let Returns::Future(_, output) = function.returns()
    {
        return output.map(|output| erased(&output));
    }
    match &function.signature.output {
        ReturnType::Default => Some(parse_quote!(())),
        ReturnType::Type(_, returned) => Some(erased(returned)),
    }
}

/// The static of the call site, and the expression that begins a call of it.
struct Generator {
    site: TokenStream,
    enter: TokenStream,
}

impl Generator {
    fn new(function: &Function, arguments: &Arguments) -> Self {
        let private = private(arguments);
        let site_name = Ident::new("__PERFKIT_SITE", Span::mixed_site());
        let function_name = function.signature.ident.to_string();
        let function_name = function_name.trim_start_matches("r#");
        let is_typed = arguments.name.is_none() && function.has_self();
        let name = match &arguments.name {
            Some(name) => quote!(#name),
            None if is_typed => quote!(#function_name),
            None => {
                quote!(::core::concat!(::core::module_path!(), "::", #function_name))
            }
        };
        let cache_name = Ident::new("__PERFKIT_KEPT", Span::mixed_site());
        let is_plain = arguments.monitor.is_none() && arguments.labels.is_empty();
        let type_name = match is_typed {
            true => quote!(#private::type_name::<Self>()),
            false => quote!(""),
        };
        let enter = match is_plain {
            true => quote!(#site_name.enter(#type_name, &#cache_name)),
            false => enter_with(arguments, &site_name, &type_name),
        };
        let sample = arguments.sample.as_ref();
        let sample = sample.map(|one_in| quote!(.one_in(#one_in)));
        let memory = arguments.memory.then(|| quote!(.memory()));
        let cpu = arguments.cpu.then(|| quote!(.cpu()));
        let throughput = arguments.throughput.as_ref().map(|throughput| {
            let Throughput { unit, amount } = throughput;
            let amount = quote_spanned!(amount.span()=> #private::amount(#amount));
            quote!(.#unit(|| #amount))
        });
        let cache = is_plain.then(|| {
            quote! {
                #private::thread_local! {
                    static #cache_name: #private::ThreadCache = const { #private::ThreadCache::new() };
                }
            }
        });
        let label_trait = label_trait(arguments);
        Self {
            site: quote! {
                #label_trait
                static #site_name: #private::CallSite = #private::CallSite::new(#name);
                #cache
            },
            enter: quote!(#enter #sample #memory #cpu #throughput),
        }
    }
}

/// Begins a call whose monitor or labels may differ from call to call.
fn enter_with(arguments: &Arguments, site_name: &Ident, type_name: &TokenStream) -> TokenStream {
    let private = private(arguments);
    let labels = arguments.labels_before().map(|label| {
        let (key, value) = (label.text(), label_value(arguments, &label.value));
        quote!((#key, #value))
    });
    let labels: Vec<TokenStream> = labels.collect();
    let monitor = match &arguments.monitor {
        Some(monitor) => quote_spanned!(monitor.span()=> &#monitor),
        None => quote!(#private::Monitor::global()),
    };
    let awaited: Vec<String> = arguments.labels_of_result().map(Label::text).collect();
    if !awaited.is_empty() {
        let labels = quote!(&[#(#labels),*], &[#(#awaited),*]);
        return match arguments.monitor {
            Some(_) => quote!(#site_name.enter_labelled_on(#type_name, #monitor, #labels)),
            None => quote!(#site_name.enter_labelled(#type_name, #labels)),
        };
    }
    if labels.is_empty() {
        return quote!(#site_name.enter_on(#type_name, #monitor));
    }
    quote!(#site_name.enter_with(#type_name, #monitor, &[#(#labels),*]))
}

/// The outcome of the value that `__perfkit_value` refers to; `text_policy` decides
/// whether an error's text is written.
fn outcome(arguments: &Arguments, text_policy: &TokenStream) -> TokenStream {
    let private = private(arguments);
    let value = hidden("value");
    let kind = match &arguments.error_kind {
        None => quote!((&&#private::Probe(#value)).__perfkit_kind()),
        Some(kind) => {
            let private = private_at(arguments, kind.span());
            quote_spanned!(kind.span()=> #private::kind_of(#value, #kind))
        }
    };
    let probed = quote! {{
        #[allow(unused_imports)]
        use #private::{
            ProbeDebug as _, ProbeDisplay as _, ProbeErrorKind as _, ProbeNoKind as _,
            ProbeResult as _, ProbeValue as _,
        };
        (&&&&#private::Probe(#value)).__perfkit_outcome(#text_policy, || #kind)
    }};
    let outcome = match &arguments.ok {
        None => probed,
        Some(is_ok) => {
            let private = private_at(arguments, is_ok.span());
            quote_spanned!(is_ok.span()=> #private::decide(#value, #is_ok, || #probed))
        }
    };
    let labels = arguments.labels_of_result().map(|label| {
        let (key, told) = (label.text(), told(arguments, label, &value));
        quote!(.label(#key, #told))
    });
    quote!(#outcome #(#labels)*)
}

/// A statement that never runs and tells the compiler what an async block
/// returns, as the signature does for a function.
fn pin_return_type(output: &ReturnType, private: &TokenStream) -> TokenStream {
    let returned: Type = match output {
        ReturnType::Default => parse_quote!(()),
        ReturnType::Type(_, returned) => erased(returned),
    };
    if matches!(returned, Type::Never(_)) {
        return quote!(if false {
            return #private::never::<::core::convert::Infallible>();
        });
    }
    quote!(if false { return #private::never::<#returned>(); })
}

/// A type that is written again is none that clippy should judge again: in an `impl` of a
/// trait nobody can change it.
fn quiet_of_type(function: &Function) -> Option<TokenStream> {
    let is_written = matches!(function.signature.output, ReturnType::Type(..));
    is_written.then(|| quote!(#[allow(clippy::result_large_err, clippy::type_complexity)]))
}

/// The return type for a closure, which may not say `impl Trait`.
fn erased_return(output: &ReturnType) -> TokenStream {
    match output {
        // Without it the type of a body that never ends would be anything.
        ReturnType::Default => quote!(-> ()),
        ReturnType::Type(arrow, returned) => {
            let returned = erased(returned);
            quote!(#arrow #returned)
        }
    }
}

/// The type with `_` in the place of every `impl Trait`.
fn erased(returned: &Type) -> Type {
    struct Erase;
    impl VisitMut for Erase {
        fn visit_type_mut(&mut self, node: &mut Type) {
            if let Type::ImplTrait(_) = node {
                *node = parse_quote!(_);
            } else {
                visit_type_mut(self, node);
            }
        }
    }
    let mut returned = returned.clone();
    Erase.visit_type_mut(&mut returned);
    returned
}
