namespace Berth.Client.Output.Templates;

/// <summary>A parsed piece of a template.</summary>
internal abstract record TemplateNode
{
    internal sealed record Literal(string Text) : TemplateNode;

    /// <summary><c>{{pipeline}}</c>; with a variable, it stores and prints nothing.</summary>
    internal sealed record Print(Pipeline Pipeline) : TemplateNode;

    internal sealed record If(Pipeline Condition, IReadOnlyList<TemplateNode> Then, IReadOnlyList<TemplateNode> Else) : TemplateNode;

    internal sealed record With(Pipeline Subject, IReadOnlyList<TemplateNode> Then, IReadOnlyList<TemplateNode> Else) : TemplateNode;

    internal sealed record Range(string? KeyName, Pipeline Subject, IReadOnlyList<TemplateNode> Body, IReadOnlyList<TemplateNode> Else) : TemplateNode;

    internal sealed record Break : TemplateNode;

    internal sealed record Continue : TemplateNode;
}

/// <summary>Commands whose results flow to the right.</summary>
/// <param name="Variable">The variable that takes the result, with its dollar sign.</param>
/// <param name="Declares"><c>:=</c> rather than <c>=</c>.</param>
internal sealed record Pipeline(IReadOnlyList<IReadOnlyList<Operand>> Commands, string? Variable = null, bool Declares = false);

/// <summary>One word of a command, with the fields asked of it: <c>.Config.Labels</c>, <c>$x.Name</c>, <c>(index . 0).Id</c>.</summary>
internal abstract record Operand(IReadOnlyList<string> Fields)
{
    internal sealed record Dot(IReadOnlyList<string> Fields) : Operand(Fields);

    internal sealed record Variable(string Name, IReadOnlyList<string> Fields) : Operand(Fields);

    internal sealed record Nested(Pipeline Pipeline, IReadOnlyList<string> Fields) : Operand(Fields);

    internal sealed record Constant(object? Value) : Operand([]);

    internal sealed record Function(string Name) : Operand([]);
}
