using Berth.Kit;

namespace Berth.Api.Tests.BadInput;

/// <summary>What is asked of a container that is there: update, exec, signals, waits, lists.</summary>
public sealed class RequestTests(DaemonFixture fixture) : BadInputTest(fixture)
{
    private const string Name = "bystander";

    private async Task<string> BystanderAsync()
    {
        var (status, _) = await Daemon.PostAsync($"/containers/create?name={Name}", """{"Image":"busybox","Cmd":["sleep","600"]}""");
        if (status == 201)
        {
            Assert.Equal(204, (await Daemon.PostAsync($"/containers/{Name}/start")).Status);
        }

        await Host.EventuallyAsync(async () => (await Daemon.GetAsync($"/containers/{Name}/json")).GetProperty("State").GetProperty("Running").GetBoolean(), "it runs");
        return Name;
    }

    [Theory]
    [InlineData(""" "Memory":1 """, "Minimum memory limit allowed is 6MB|1")]
    [InlineData(""" "Memory":"64m" """, "Memory|\"64m\"|whole number")]
    [InlineData(""" "Memory":67108864,"MemorySwap":7340032 """, "Minimum memoryswap limit should be larger than memory limit")]
    [InlineData(""" "MemorySwap":67108864 """, "always set the Memory limit")]
    [InlineData(""" "MemoryReservation":5 """, "Minimum memory reservation allowed is 6MB")]
    [InlineData(""" "BlkioWeight":5 """, "blkio weight|10 to 1000")]
    [InlineData(""" "BlkioDeviceReadBps":[{"Path":"/no/such/device","Rate":5}] """, "/no/such/device")]
    [InlineData(""" "BlkioDeviceReadBps":[{"Path":"/dev/null","Rate":5}] """, "/dev/null|block device")]
    [InlineData(""" "BlkioDeviceWriteIOps":[{"Path":"/dev/null","Rate":-5}] """, "rate|-5")]
    [InlineData(""" "CpuShares":-2 """, "CPU shares|-2")]
    [InlineData(""" "NanoCpus":-1 """, "range of CPUs")]
    [InlineData(""" "NanoCpus":99999000000000 """, "range of CPUs")]
    [InlineData(""" "CpuPeriod":5 """, "CPU cfs period")]
    [InlineData(""" "CpuQuota":5 """, "CPU cfs quota")]
    [InlineData(""" "CpusetCpus":"x" """, "CpusetCpus|x")]
    [InlineData(""" "CpusetCpus":"4095" """, "Requested CPUs are not available|4095")]
    [InlineData(""" "RestartPolicy":{"Name":"sometimes"} """, "restart policy|sometimes|on-failure")]
    [InlineData(""" "RestartPolicy":{"Name":"on-failure","MaximumRetryCount":-1} """, "maximum retry count cannot be negative")]
    [InlineData(""" "RestartPolicy":{"MaximumRetryCount":5} """, "maximum retry count|5|on-failure")]
    [InlineData(""" "RestartPolicy":{"Name":"always","MaximumRetryCount":5} """, "maximum retry count can only be used with 'on-failure'")]
    [InlineData(""" "CgroupParent":"/x" """, "CgroupParent|can't be changed")]
    [InlineData(""" "Devices":[{"PathOnHost":"/dev/null"}] """, "Devices|can't be changed")]
    [InlineData(""" "DeviceCgroupRules":["c 1:1 r"] """, "DeviceCgroupRules|can't be changed")]
    [InlineData(""" "DeviceRequests":[{"Count":1}] """, "DeviceRequests|can't be changed")]
    [InlineData(""" "Ulimits":[{"Name":"nofile","Soft":1,"Hard":1}] """, "Ulimits|can't be changed")]
    [InlineData(""" "KernelMemory":67108864 """, "KernelMemory|can't be changed")]
    [InlineData(""" "MemorySwappiness":5 """, "MemorySwappiness|can't be changed")]
    [InlineData(""" "OomKillDisable":true """, "OomKillDisable|can't be changed")]
    [InlineData(""" "CpuRealtimePeriod":5 """, "CpuRealtimePeriod|can't be changed")]
    [InlineData(""" "CpuCount":5 """, "CpuCount|can't be changed")]
    [InlineData(""" "PidsLimit":"many" """, "PidsLimit|\"many\"|whole number")]
    public async Task Update_ToWhatCannotBe_IsRefused(string members, string words)
        => await RefusesAsync(HttpMethod.Post, $"/containers/{await BystanderAsync()}/update", $$"""{ {{members}} }""", words);

    [Theory]
    [InlineData("{}", "No exec command specified")]
    [InlineData("""{"Cmd":[]}""", "No exec command specified")]
    [InlineData("""{"Cmd":"true"}""", "Cmd|\"true\"|array")]
    [InlineData("""{"Cmd":["a\u0000"]}""", "Cmd|NUL")]
    [InlineData("""{"Cmd":["true"],"Env":[""]}""", "invalid environment variable|NAME=value")]
    [InlineData("""{"Cmd":["true"],"Env":["=x"]}""", "invalid environment variable|=x")]
    [InlineData("""{"Cmd":["true"],"Env":["A=\u0000"]}""", "Env|NUL")]
    [InlineData("""{"Cmd":["true"],"WorkingDir":"relative"}""", "WorkingDir|relative|absolute")]
    [InlineData("""{"Cmd":["true"],"WorkingDir":"/\u0000"}""", "WorkingDir|NUL")]
    [InlineData("""{"Cmd":["true"],"User":"a\u0000"}""", "User|NUL")]
    [InlineData("""{"Cmd":["true"],"User":"1:2:3"}""", "User|1:2:3|user[:group]")]
    [InlineData("""{"Cmd":["true"],"User":"-7"}""", "User|-7|2147483647")]
    [InlineData("""{"Cmd":["true"],"DetachKeys":"ctrl-"}""", "ctrl-")]
    [InlineData("""{"Cmd":["true"],"DetachKeys":"bogus"}""", "bogus")]
    [InlineData("""{"Cmd":["true"],"Tty":true,"ConsoleSize":[24]}""", "ConsoleSize|[height, width]")]
    [InlineData("""{"Cmd":["true"],"Tty":true,"ConsoleSize":[-1,80]}""", "ConsoleSize|[height, width]")]
    [InlineData("""{"Cmd":["true"],"Tty":true,"ConsoleSize":[70000,80]}""", "ConsoleSize|65535")]
    [InlineData("""{"Cmd":["true"],"AttachStdin":"yes"}""", "AttachStdin|\"yes\"|true or false")]
    [InlineData("nonsense", "JSON")]
    [InlineData("null", "JSON")]
    public async Task Exec_OfWhatCannotBe_IsRefused(string body, string words)
        => await RefusesAsync(HttpMethod.Post, $"/containers/{await BystanderAsync()}/exec", body, words);

    [Theory]
    [InlineData("kill?signal=NOPE", "invalid signal: NOPE|SIGTERM")]
    [InlineData("kill?signal=0", "invalid signal: 0|64")]
    [InlineData("kill?signal=65", "invalid signal: 65|64")]
    [InlineData("kill?signal=RTMIN%2B99", "invalid signal: RTMIN+99")]
    [InlineData("stop?t=soon", "t|soon|number")]
    [InlineData("stop?signal=NOPE", "invalid signal: NOPE")]
    [InlineData("restart?t=1.5", "t|1.5|number")]
    [InlineData("restart?signal=NOPE", "invalid signal: NOPE")]
    [InlineData("wait?condition=bogus", "condition|bogus|next-exit")]
    [InlineData("rename?name=a%20b", "Invalid container name (a b)")]
    [InlineData("rename", "names may be empty")]
    [InlineData("resize?h=x&w=80", "x")]
    [InlineData("resize?h=70000&w=80", "70000")]
    [InlineData("start?checkpoint=c", "checkpoint")]
    [InlineData("update", "JSON")]
    public async Task Order_ThatCannotBe_IsRefused(string order, string words)
        => await RefusesAsync(HttpMethod.Post, $"/containers/{await BystanderAsync()}/{order}", body: null, words);

    [Theory]
    [InlineData("/containers/json?limit=some", "limit|some|number")]
    [InlineData("/containers/json?filters=%7B", "filters")]
    [InlineData("/containers/json?filters={\"bogus\":[\"x\"]}", "bogus")]
    [InlineData("/containers/json?filters={\"status\":[\"asleep\"]}", "status=asleep|running")]
    [InlineData("/containers/json?filters={\"health\":[\"ill\"]}", "health=ill|unhealthy")]
    [InlineData("/containers/json?filters={\"exited\":[\"x\"]}", "exited=x|number")]
    [InlineData("/containers/json?filters={\"publish\":[\"http\"]}", "http")]
    [InlineData("/containers/json?filters={\"name\":[\"(\"]}", "name")]
    [InlineData("/events?since=yesterday", "yesterday")]
    [InlineData("/events?filters={\"bogus\":[\"x\"]}", "bogus")]
    public Task Question_ThatCannotBe_IsRefused(string question, string words) => RefusesAsync(HttpMethod.Get, question, body: null, words);

    [Theory]
    [InlineData("logs", "stream")]
    [InlineData("logs?stdout=1&since=yesterday", "since|yesterday")]
    public async Task Question_OfAContainerThatCannotBe_IsRefused(string question, string words)
        => await RefusesAsync(HttpMethod.Get, $"/containers/{await BystanderAsync()}/{question}", body: null, words);
}
