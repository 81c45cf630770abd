using System.Runtime.InteropServices;
using System.Text;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Launch;

/// <summary>An argument of a step: a number, an address in the list's own memory, or what an earlier step has given.</summary>
internal readonly record struct StepArgument(long Value, bool IsResult)
{
    public static implicit operator StepArgument(int value) => new(value, false);

    public static implicit operator StepArgument(uint value) => new(value, false);

    public static implicit operator StepArgument(long value) => new(value, false);

    public static implicit operator StepArgument(ulong value) => new((long)value, false);

    /// <summary>The list keeps no reference: the handle must stay open until the clone.</summary>
    public static implicit operator StepArgument(SafeFileHandle handle) => new(handle.Fd(), false);

    public static implicit operator StepArgument(StepRef step) => new(step.Index, true);
}

/// <summary>A place to go on at, known before it is reached.</summary>
internal readonly record struct StepLabel(int Number);

/// <summary>A step in the making.</summary>
internal readonly unsafe record struct StepRef(StepList List, int Index)
{
    /// <summary>On these failures, go on with the next step.</summary>
    public StepRef Tolerating(params ReadOnlySpan<Errno> errnos) => Tolerating(null, errnos);

    /// <summary>On these failures, go on at <paramref name="target"/>.</summary>
    public StepRef Tolerating(StepLabel? target, params ReadOnlySpan<Errno> errnos)
    {
        var step = List.At(Index);
        for (var i = 0; i < errnos.Length; i++)
        {
            step->Tolerated[i] = (short)errnos[i];
        }

        return OnTolerated(step, target);
    }

    /// <summary>On any failure, go on.</summary>
    public StepRef ToleratingAll(StepLabel? target = null)
    {
        var step = List.At(Index);
        step->Tolerated[0] = LaunchStep.AnyErrno;
        return OnTolerated(step, target);
    }

    public StepRef WithWarning()
    {
        List.At(Index)->Warns = true;
        return this;
    }

    public StepRef RememberingDenial()
    {
        List.At(Index)->RemembersDenial = true;
        return this;
    }

    public StepRef Then(StepLabel target)
    {
        List.At(Index)->OnSuccess = -1 - target.Number;
        return this;
    }

    private StepRef OnTolerated(LaunchStep* step, StepLabel? target)
    {
        if (target is { } label)
        {
            step->OnTolerated = -1 - label.Number;
        }

        return this;
    }
}

/// <summary>The program of a clone child: system calls in unmanaged memory, with the words that tell what each is for.</summary>
internal sealed unsafe class StepList : IDisposable
{
    private const int ChunkSize = 16 * 1024;

    private readonly List<(string What, string? Target)> _names = [];
    private readonly List<int> _labels = [];
    private readonly List<nint> _chunks = [];
    private LaunchStep* _steps;
    private int _capacity;
    private byte* _free;
    private int _left;

    public int Count => _names.Count;

    /// <param name="what">For messages, such as "mount"; nothing is formatted unless the step fails.</param>
    public StepRef Call(
        string what, string? target, int number,
        StepArgument a0 = default, StepArgument a1 = default, StepArgument a2 = default, StepArgument a3 = default, StepArgument a4 = default, StepArgument a5 = default)
    {
        var reference = Add(what, target, StepKind.Call);
        var step = At(reference.Index);
        step->Number = number;
        ReadOnlySpan<StepArgument> arguments = [a0, a1, a2, a3, a4, a5];
        for (var i = 0; i < arguments.Length; i++)
        {
            step->Arguments[i] = arguments[i].Value;
            step->References |= (byte)(arguments[i].IsResult ? 1 << i : 0);
        }

        return reference;
    }

    /// <summary>A copy of the process, which goes on with the next step; the original goes on at <paramref name="after"/>.</summary>
    /// <param name="pidFd">Where the copy's pidfd is put.</param>
    public StepRef Fork(string what, string? target, int* pidFd, StepLabel after)
    {
        const long sigchld = 17, clonePidFd = 0x1000;
        var reference = Call(what, target, SyscallNumber.Clone, sigchld | clonePidFd, 0, Address(pidFd));
        At(reference.Index)->Kind = StepKind.Branch;
        return reference.Then(after);
    }

    /// <summary>A copy of the process, as <see cref="Fork"/> makes it; both find its number, as its own pid namespace counts, in <paramref name="pid"/>.</summary>
    public void ForkKnown(string what, string? target, int* pid, StepLabel after)
    {
        const long sigchld = 17, parentSetTid = 0x100000, childSetTid = 0x1000000;
        var forParent = Address(pid);

        // The fourth and the fifth argument change places between architectures; the one that is not the child's word is its thread-local storage, unused here.
        var reference = Call(what, target, SyscallNumber.Clone, sigchld | parentSetTid | childSetTid, 0, forParent, forParent, forParent);
        At(reference.Index)->Kind = StepKind.Branch;
        reference.Then(after);
    }

    /// <summary>Waits for the event; when the time passes without it, goes on with the next step, else at <paramref name="ready"/>.</summary>
    /// <param name="poll">struct pollfd.</param>
    /// <param name="timeout">struct timespec; null: for ever.</param>
    public void PollOrGoOn(string what, string? target, int* poll, long* timeout, StepLabel ready)
    {
        var reference = Call(what, target, SyscallNumber.Ppoll, Address(poll), 1, Address(timeout), 0, SignalDispositions.SetSize);
        At(reference.Index)->Kind = StepKind.Branch;
        reference.Then(ready);
    }

    public void ExpectZero(string what, string? target, int* word)
    {
        var reference = Add(what, target, StepKind.ExpectZero);
        At(reference.Index)->Arguments[0] = (long)word;
    }

    public void Ready() => Add("wait for the start", null, StepKind.Ready);

    public StepLabel NewLabel()
    {
        _labels.Add(-1);
        return new StepLabel(_labels.Count - 1);
    }

    /// <summary>The label is the step that comes next.</summary>
    public void Mark(StepLabel label) => _labels[label.Number] = Count;

    public static StepArgument Address(void* memory) => (long)memory;

    /// <summary>Zeroed memory that lives as long as the list.</summary>
    public T* Allocate<T>(int count = 1)
        where T : unmanaged
    {
        var bytes = (Math.Max(count, 1) * sizeof(T) + 15) & ~15;
        if (bytes > _left)
        {
            _left = Math.Max(ChunkSize, bytes);
            _free = (byte*)NativeMemory.AllocZeroed((nuint)_left);
            _chunks.Add((nint)_free);
        }

        var memory = _free;
        _free += bytes;
        _left -= bytes;
        return (T*)memory;
    }

    /// <summary>The text in UTF-8 with a zero at its end.</summary>
    public byte* Text(string text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        var memory = Allocate<byte>(length + 1);
        Encoding.UTF8.GetBytes(text, new Span<byte>(memory, length));
        return memory;
    }

    public StepArgument TextArgument(string? text) => text is null ? 0 : Address(Text(text));

    public StepArgument Struct<T>(in T value)
        where T : unmanaged
    {
        var memory = Allocate<T>();
        *memory = value;
        return Address(memory);
    }

    /// <summary>A null-terminated array of strings, as argv and envp are.</summary>
    public byte** Vector(IReadOnlyList<string> texts)
    {
        var vector = (byte**)Allocate<nint>(texts.Count + 1);
        for (var i = 0; i < texts.Count; i++)
        {
            vector[i] = Text(texts[i]);
        }

        return vector;
    }

    /// <summary>The words for a step, such as "mount proc on /proc".</summary>
    public string Describe(int step)
    {
        var (what, target) = _names[step];
        return target is null ? what : $"{what} {target}";
    }

    /// <summary>The step is one of the attempts to execute the program.</summary>
    public bool IsExecution(int step) => _names[step].What == ExecFailure.Step;

    /// <summary>The step is a hook's, so its value is a wait status where it expects one.</summary>
    public bool IsHook(int step) => At(step)->Kind == StepKind.ExpectZero && _names[step].What == HookSteps.Step;

    /// <summary>The words for the steps from this one on, for a reader in another process.</summary>
    public IReadOnlyList<GatedStep> From(int step) => [.. Enumerable.Range(step, Count - step).Select(i => new GatedStep(i, Describe(i), IsExecution(i), IsHook(i)))];

    /// <summary>Resolves the labels. The memory belongs to the list.</summary>
    public LaunchStep* Build()
    {
        for (var i = 0; i < Count; i++)
        {
            _steps[i].OnSuccess = Resolve(_steps[i].OnSuccess, i);
            _steps[i].OnTolerated = Resolve(_steps[i].OnTolerated, i);
        }

        return _steps;

        int Resolve(int target, int index) => target == 0 ? index + 1 : target > 0 ? target : _labels[-1 - target];
    }

    public LaunchStep* At(int index) => &_steps[index];

    public void Dispose()
    {
        foreach (var chunk in _chunks)
        {
            NativeMemory.Free((void*)chunk);
        }

        _chunks.Clear();
        NativeMemory.Free(_steps);
        _steps = null;
    }

    private StepRef Add(string what, string? target, StepKind kind)
    {
        if (Count == _capacity)
        {
            var capacity = Math.Max(256, _capacity * 2);
            _steps = (LaunchStep*)NativeMemory.Realloc(_steps, (nuint)(capacity * sizeof(LaunchStep)));
            NativeMemory.Clear(_steps + _capacity, (nuint)((capacity - _capacity) * sizeof(LaunchStep)));
            _capacity = capacity;
        }

        _names.Add((what, target));
        _steps[Count - 1].Kind = kind;
        return new StepRef(this, Count - 1);
    }
}
