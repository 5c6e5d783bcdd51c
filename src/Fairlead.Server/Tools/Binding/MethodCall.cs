using System.Linq.Expressions;
using System.Reflection;

namespace Fairlead.Server.Tools.Binding;

/// <summary>A method, compiled: called without reflection, and its result the same whether it is awaited or not.</summary>
internal sealed class MethodCall
{
    private readonly Func<object?, object?[], object?> invoke;
    private readonly Func<object?, ValueTask<object?>>? unwrap;
    private readonly object? target;

    public MethodCall(MethodInfo method, object? target)
    {
        this.target = method.IsStatic ? null : target;
        invoke = Compile(method);
        (ResultType, unwrap) = Unwrapping(method.ReturnType);
    }

    /// <summary>What it gives once awaited; <c>void</c> for nothing.</summary>
    public Type ResultType { get; }

    /// <summary>Whether it gives up its thread while it waits.</summary>
    public bool IsAsync => unwrap is not null;

    public ValueTask<object?> InvokeAsync(object?[] arguments)
    {
        var returned = invoke(target, arguments);
        return unwrap is null ? new(returned) : unwrap(returned);
    }

    private static Func<object?, object?[], object?> Compile(MethodInfo method)
    {
        var self = Expression.Parameter(typeof(object));
        var given = Expression.Parameter(typeof(object[]));
        Expression call = Expression.Call(
            method.IsStatic ? null : Expression.Convert(self, method.DeclaringType!),
            method,
            method
                .GetParameters()
                .Select(
                    (p, i) => Expression.Convert(Expression.ArrayIndex(given, Expression.Constant(i)), p.ParameterType)
                )
        );
        var body =
            method.ReturnType == typeof(void)
                ? Expression.Block(call, Expression.Constant(null))
                : (Expression)Expression.Convert(call, typeof(object));
        return Expression.Lambda<Func<object?, object?[], object?>>(body, self, given).Compile();
    }

    private static (Type, Func<object?, ValueTask<object?>>?) Unwrapping(Type type)
    {
        if (type == typeof(Task))
            return (typeof(void), static t => AwaitAsync((Task)t!));
        if (type == typeof(ValueTask))
            return (typeof(void), static t => AwaitAsync(((ValueTask)t!).AsTask()));
        if (!type.IsGenericType)
            return (type, null);
        var shape = type.GetGenericTypeDefinition();
        var name =
            shape == typeof(Task<>) ? nameof(OfTaskAsync)
            : shape == typeof(ValueTask<>) ? nameof(OfValueTaskAsync)
            : null;
        if (name is null)
            return (type, null);
        var result = type.GetGenericArguments()[0];
        var of = typeof(MethodCall)
            .GetMethod(name, BindingFlags.NonPublic | BindingFlags.Static)!
            .MakeGenericMethod(result);
        return (result, of.CreateDelegate<Func<object?, ValueTask<object?>>>());
    }

    private static async ValueTask<object?> AwaitAsync(Task task)
    {
        await task;
        return null;
    }

    private static async ValueTask<object?> OfTaskAsync<T>(object? returned) => await (Task<T>)returned!;

    private static async ValueTask<object?> OfValueTaskAsync<T>(object? returned) => await (ValueTask<T>)returned!;
}
