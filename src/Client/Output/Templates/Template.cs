using System.Text;

namespace Berth.Client.Output.Templates;

/// <summary>A parsed --format template, to be applied to any number of values.</summary>
internal sealed class Template
{
    private readonly IReadOnlyList<TemplateNode> _nodes;

    private Template(IReadOnlyList<TemplateNode> nodes) => _nodes = nodes;

    /// <exception cref="TemplateException">The template is malformed.</exception>
    public static Template Parse(string text) => new(TemplateParser.Parse(text));

    /// <exception cref="TemplateException">The template does not fit the value.</exception>
    public string Apply(object? value)
    {
        var run = new Execution(value);
        try
        {
            run.Execute(_nodes, value);
        }
        catch (MissingKeyException missing)
        {
            throw new TemplateException(missing.Message["template parsing error: ".Length..]);
        }

        return run.Text.ToString();
    }

    private enum Flow
    {
        Next,
        Break,
        Continue,
    }

    private sealed class Execution
    {
        private readonly List<(string Name, object? Value)> _variables = [];

        public Execution(object? root) => _variables.Add(("$", root));

        public StringBuilder Text { get; } = new();

        public Flow Execute(IReadOnlyList<TemplateNode> nodes, object? dot)
        {
            var scope = _variables.Count;
            var flow = Flow.Next;
            foreach (var node in nodes)
            {
                flow = Execute(node, dot);
                if (flow != Flow.Next)
                {
                    break;
                }
            }

            _variables.RemoveRange(scope, _variables.Count - scope);
            return flow;
        }

        private Flow Execute(TemplateNode node, object? dot)
        {
            var scope = _variables.Count;
            switch (node)
            {
                case TemplateNode.Literal literal:
                    Text.Append(literal.Text);
                    return Flow.Next;
                case TemplateNode.Print print:
                    var value = Evaluate(print.Pipeline, dot);
                    Text.Append(print.Pipeline.Variable is null ? TemplateValues.Print(value) : "");
                    return Flow.Next; // a variable declared here lives on to the end of the block
                case TemplateNode.If branch:
                    var condition = TemplateValues.IsTrue(Evaluate(branch.Condition, dot));
                    return Leave(scope, Execute(condition ? branch.Then : branch.Else, dot));
                case TemplateNode.With with:
                    var subject = Evaluate(with.Subject, dot);
                    return Leave(scope, TemplateValues.IsTrue(subject) ? Execute(with.Then, subject) : Execute(with.Else, dot));
                case TemplateNode.Range range:
                    return Leave(scope, ExecuteRange(range, dot));
                case TemplateNode.Break:
                    return Flow.Break;
                default:
                    return Flow.Continue;
            }
        }

        private Flow ExecuteRange(TemplateNode.Range range, object? dot)
        {
            var any = false;
            foreach (var (key, value) in TemplateValues.Items(Evaluate(range.Subject with { Variable = null }, dot)))
            {
                any = true;
                var scope = _variables.Count;
                if (range.KeyName is not null)
                {
                    _variables.Add((range.KeyName, key));
                }

                if (range.Subject.Variable is { } name)
                {
                    _variables.Add((name, value));
                }

                var flow = Leave(scope, Execute(range.Body, value));
                if (flow == Flow.Break)
                {
                    break;
                }
            }

            return any ? Flow.Next : Execute(range.Else, dot);
        }

        private Flow Leave(int scope, Flow flow)
        {
            _variables.RemoveRange(scope, _variables.Count - scope);
            return flow;
        }

        private object? Evaluate(Pipeline pipeline, object? dot)
        {
            object? result = null;
            for (var i = 0; i < pipeline.Commands.Count; i++)
            {
                result = EvaluateCommand(pipeline.Commands[i], dot, i > 0, result);
            }

            if (pipeline.Variable is { } name)
            {
                Store(name, result, pipeline.Declares);
            }

            return result;
        }

        private object? EvaluateCommand(IReadOnlyList<Operand> operands, object? dot, bool isPiped, object? piped)
        {
            var arguments = operands.Skip(1);
            switch (operands[0])
            {
                // These two stop at the first argument that decides, so that {{if and .A .A.B}} is safe.
                case Operand.Function { Name: "and" or "or" } logic:
                    return ShortCircuit(logic.Name, [.. arguments], dot, isPiped, piped);
                case Operand.Function function:
                    var values = arguments.Select(operand => Evaluate(operand, dot)).ToList();
                    if (isPiped)
                    {
                        values.Add(piped);
                    }

                    return TemplateFunctions.Call(function.Name, values);
                case Operand.Dot { Fields.Count: > 0 } method when operands.Count > 1 || isPiped:
                    return CallMethod(method, [.. arguments.Select(operand => Evaluate(operand, dot)), .. isPiped ? [piped] : Array.Empty<object?>()], dot);
                default:
                    return operands.Count == 1 && !isPiped
                        ? Evaluate(operands[0], dot)
                        : throw new TemplateException("can't give argument to non-function");
            }
        }

        private object? ShortCircuit(string name, IReadOnlyList<Operand> operands, object? dot, bool isPiped, object? piped)
        {
            object? value = null;
            foreach (var operand in operands)
            {
                value = Evaluate(operand, dot);
                if (TemplateValues.IsTrue(value) == (name == "or"))
                {
                    return value;
                }
            }

            return isPiped ? piped : value;
        }

        private static object? CallMethod(Operand.Dot method, IReadOnlyList<object?> arguments, object? dot)
        {
            var subject = method.Fields.SkipLast(1).Aggregate(dot, TemplateValues.Field);
            return subject is ITemplateObject row && row.TryCall(method.Fields[^1], arguments, out var value)
                ? value
                : throw new TemplateException($"{method.Fields[^1]} is not a method but has arguments");
        }

        private object? Evaluate(Operand operand, object? dot)
        {
            var value = operand switch
            {
                Operand.Dot => dot,
                Operand.Variable variable => Load(variable.Name),
                Operand.Nested nested => Evaluate(nested.Pipeline, dot),
                Operand.Constant constant => constant.Value,
                Operand.Function function => TemplateFunctions.Call(function.Name, []),
                _ => throw new InvalidOperationException($"unknown operand {operand}"),
            };
            return operand.Fields.Aggregate(value, TemplateValues.Field);
        }

        private object? Load(string name)
        {
            var at = _variables.FindLastIndex(variable => variable.Name == name);
            return at >= 0 ? _variables[at].Value : throw new TemplateException($"undefined variable \"{name}\"");
        }

        private void Store(string name, object? value, bool declares)
        {
            if (declares)
            {
                _variables.Add((name, value));
                return;
            }

            var at = _variables.FindLastIndex(variable => variable.Name == name);
            _variables[at >= 0 ? at : throw new TemplateException($"undefined variable \"{name}\"")] = (name, value);
        }
    }
}
