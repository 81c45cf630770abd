namespace Berth.Api.Tests.BadInput;

/// <summary>POST /containers/create.</summary>
public sealed class CreateTests(DaemonFixture fixture) : BadInputTest(fixture)
{
    private static readonly string Long = new('x', 140_000);

    /// <summary>Members of the body beside the image, and what the message says.</summary>
    public static TheoryData<string, string> Configurations => new()
    {
        // what runs
        { """ "Cmd":["a\u0000b"] """, "Cmd|NUL" },
        { """ "Cmd":"true","Tty":"yes" """, "Cmd|\"true\"|array" },
        { $""" "Cmd":["{Long}"] """, "Config.Cmd|140000|131071" },
        { """ "Cmd":[1] """, "Cmd[0]|1|text" },
        { """ "Entrypoint":["sh","a\u0000b"] """, "Entrypoint[1]|NUL" },
        { """ "Entrypoint":{} """, "Entrypoint|{}|array" },
        { """ "Env":[""] """, "invalid environment variable|\"\"|NAME=value" },
        { """ "Env":["=value"] """, "invalid environment variable|=value|NAME=value" },
        { """ "Env":["A=b\u0000c"] """, "Env|NUL" },
        { $""" "Env":["A={Long}"] """, "Config.Env|140002|131071" },
        { """ "Env":{"A":"b"} """, "Env|array" },
        { """ "WorkingDir":"relative/path" """, "working directory|relative/path|absolute" },
        { """ "WorkingDir":"/a\u0000b" """, "WorkingDir|NUL" },
        { """ "User":"a\u0000b" """, "User|NUL" },
        { """ "User":"one:two:three" """, "Config.User|one:two:three|user[:group]" },
        { """ "User":"4294967296" """, "Config.User|4294967296|2147483647" },
        { """ "User":"-1" """, "Config.User|-1|2147483647" },
        { """ "User":"root:99999999999" """, "Config.User|99999999999|2147483647" },
        { """ "User":0 """, "User|0|text" },
        { """ "Tty":"yes" """, "Tty|\"yes\"|true or false" },
        { """ "OpenStdin":1 """, "OpenStdin|1|true or false" },
        { """ "Shell":"sh" """, "Shell|\"sh\"|array" },

        // names
        { """ "Hostname":"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggg" """, "invalid hostname|aaaaaaaaaabb|64" },
        { """ "Hostname":"two words" """, "Config.Hostname|two words" },
        { """ "Hostname":"line\nbreak" """, "Config.Hostname|line" },
        { """ "Hostname":"a\u0000b" """, "Hostname|NUL" },
        { """ "Hostname":"a/b" """, "Config.Hostname|a/b" },
        { """ "Domainname":"two words" """, "Config.Domainname|two words" },
        { """ "Domainname":"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggg" """, "Config.Domainname|64" },
        { """ "Hostname":"h","HostConfig":{"UTSMode":"host"} """, "conflicting options|hostname|UTS" },
        { """ "Hostname":"h","HostConfig":{"NetworkMode":"container:x"} """, "conflicting options|hostname|network mode" },
        { """ "MacAddress":"00:11:22" """, "MAC address|00:11:22" },
        { """ "MacAddress":"zz:11:22:33:44:55" """, "MAC address|zz:11:22:33:44:55" },
        { """ "Labels":{"a":1} """, "Labels|1|text" },
        { """ "Labels":["a=b"] """, "Labels|object" },

        // how it ends
        { """ "StopSignal":"NOPE" """, "Config.StopSignal|invalid signal: NOPE|SIGTERM" },
        { """ "StopSignal":"0" """, "Config.StopSignal|invalid signal: 0|64" },
        { """ "StopSignal":"65" """, "Config.StopSignal|invalid signal: 65|64" },
        { """ "StopSignal":"-9" """, "Config.StopSignal|invalid signal: -9|64" },
        { """ "StopSignal":"RTMIN+31" """, "Config.StopSignal|invalid signal: RTMIN+31" },
        { """ "StopTimeout":"ten" """, "StopTimeout|\"ten\"|whole number" },
        { """ "StopTimeout":1.5 """, "StopTimeout|1.5|whole number" },
        { """ "StopTimeout":4294967296 """, "StopTimeout|4294967296|2147483647" },

        // health
        { """ "Healthcheck":{"Test":["CMD","true"],"Interval":500000} """, "Interval in Healthcheck cannot be less than 1ms|500000" },
        { """ "Healthcheck":{"Test":["CMD","true"],"Interval":-1} """, "Interval in Healthcheck cannot be less than 1ms|-1" },
        { """ "Healthcheck":{"Test":["CMD","true"],"Timeout":1} """, "Timeout in Healthcheck cannot be less than 1ms" },
        { """ "Healthcheck":{"Test":["CMD","true"],"StartPeriod":-1} """, "StartPeriod in Healthcheck cannot be less than 1ms" },
        { """ "Healthcheck":{"Test":["CMD","true"],"StartInterval":999999} """, "StartInterval in Healthcheck cannot be less than 1ms" },
        { """ "Healthcheck":{"Test":["CMD","true"],"Retries":-1} """, "Retries in Healthcheck cannot be negative|-1" },
        { """ "Healthcheck":{"Interval":"30s"} """, "Healthcheck.Interval|\"30s\"|whole number" },
        { """ "Healthcheck":{"Test":["curl","localhost"]} """, "Config.Healthcheck.Test|curl|CMD-SHELL" },
        { """ "Healthcheck":{"Test":["CMD"]} """, "Config.Healthcheck.Test|CMD|program" },
        { """ "Healthcheck":{"Test":["CMD-SHELL"]} """, "Config.Healthcheck.Test|CMD-SHELL|command line" },
        { """ "Healthcheck":{"Test":["CMD","a\u0000"]} """, "Healthcheck.Test|NUL" },

        // volumes and ports of the image's kind
        { """ "Volumes":{"relative":{}} """, "relative|absolute" },
        { """ "Volumes":{"/":{}} """, "'/'" },
        { """ "Volumes":["/data"] """, "Volumes|object" },
        { """ "ExposedPorts":{"99999/tcp":{}} """, "99999" },
        { """ "ExposedPorts":{"80/carrier":{}} """, "80/carrier" },
        { """ "ExposedPorts":{"http":{}} """, "http" },
        { """ "ExposedPorts":{"90-80/tcp":{}} """, "90-80" },
    };

    [Theory]
    [MemberData(nameof(Configurations))]
    public Task Configuration_ThatCannotBe_IsRefused(string members, string words)
        => RefusesAsync(HttpMethod.Post, "/containers/create", $$"""{"Image":"busybox","Cmd":["true"],{{members}}}""", words);

    /// <summary>Members of HostConfig, and what the message says.</summary>
    public static TheoryData<string, string> Hosts => new()
    {
        // memory
        { """ "Memory":1 """, "Minimum memory limit allowed is 6MB|1" },
        { """ "Memory":5242880 """, "Minimum memory limit allowed is 6MB|5242880" },
        { """ "Memory":-1 """, "Minimum memory limit allowed is 6MB|-1" },
        { """ "Memory":"64m" """, "HostConfig.Memory|\"64m\"|whole number" },
        { """ "Memory":1e30 """, "HostConfig.Memory|1e30|9223372036854775807" },
        { """ "Memory":9223372036854775808 """, "HostConfig.Memory|9223372036854775808|9223372036854775807" },
        { """ "Memory":67108864.5 """, "HostConfig.Memory|67108864.5|whole number" },
        { """ "Memory":true """, "HostConfig.Memory|true|whole number" },
        { """ "Memory":67108864,"MemorySwap":33554432 """, "Minimum memoryswap limit should be larger than memory limit|33554432" },
        { """ "MemorySwap":67108864 """, "You should always set the Memory limit when using Memoryswap limit|67108864" },
        { """ "Memory":67108864,"MemorySwap":-2 """, "HostConfig.MemorySwap|-2|-1" },
        { """ "MemoryReservation":1 """, "Minimum memory reservation allowed is 6MB|1" },
        { """ "MemoryReservation":-7 """, "Minimum memory reservation allowed is 6MB|-7" },
        { """ "Memory":67108864,"MemoryReservation":134217728 """, "Minimum memory limit can not be less than memory reservation limit|134217728" },
        { """ "MemorySwappiness":101 """, "memory swappiness|101|0-100" },
        { """ "MemorySwappiness":-2 """, "memory swappiness|-2|0-100" },
        { """ "KernelMemory":67108864 """, "HostConfig.KernelMemory" },
        { """ "KernelMemoryTCP":67108864 """, "HostConfig.KernelMemoryTCP" },
        { """ "ShmSize":-1 """, "SHM size|-1" },
        { """ "OomScoreAdj":1001 """, "1001|[-1000, 1000]" },
        { """ "OomScoreAdj":-1001 """, "-1001|[-1000, 1000]" },

        // processors
        { """ "NanoCpus":-1 """, "range of CPUs is from 0.01" },
        { """ "NanoCpus":99999000000000 """, "range of CPUs is from 0.01|CPUs available" },
        { """ "NanoCpus":1000000000,"CpuPeriod":100000 """, "Conflicting options: Nano CPUs and CPU Period" },
        { """ "NanoCpus":1000000000,"CpuQuota":100000 """, "Conflicting options: Nano CPUs and CPU Quota" },
        { """ "CpuShares":-5 """, "CPU shares|-5|positive" },
        { """ "CpuPeriod":999 """, "CPU cfs period|1000000|999" },
        { """ "CpuPeriod":1000001 """, "CPU cfs period|1000000|1000001" },
        { """ "CpuPeriod":-1 """, "CPU cfs period|-1" },
        { """ "CpuQuota":999 """, "CPU cfs quota|1000|999" },
        { """ "CpuRealtimePeriod":-1 """, "HostConfig.CpuRealtimePeriod" },
        { """ "CpuRealtimePeriod":1000,"CpuRealtimeRuntime":950000 """, "HostConfig.CpuRealtimeRuntime" },
        { """ "CpusetCpus":"abc" """, "CpusetCpus|abc|0-2,5" },
        { """ "CpusetCpus":"3-1" """, "CpusetCpus|3-1" },
        { """ "CpusetCpus":"0-" """, "CpusetCpus|0-" },
        { """ "CpusetCpus":"-1" """, "CpusetCpus|-1" },
        { """ "CpusetCpus":"," """, "CpusetCpus|," },
        { """ "CpusetCpus":"4095" """, "Requested CPUs are not available|4095|0-" },
        { """ "CpusetMems":"x" """, "CpusetMems|x" },
        { """ "CpuCount":1 """, "HostConfig.CpuCount|Windows" },
        { """ "CpuPercent":1 """, "HostConfig.CpuPercent|Windows" },
        { """ "IOMaximumIOps":1 """, "HostConfig.IOMaximumIOps|Windows" },
        { """ "IOMaximumBandwidth":1 """, "HostConfig.IOMaximumBandwidth|Windows" },
        { """ "Isolation":"hyperv" """, "HostConfig.Isolation|default" },
        { """ "PidsLimit":"many" """, "HostConfig.PidsLimit|\"many\"|whole number" },

        // block devices
        { """ "BlkioWeight":9 """, "blkio weight|9|10 to 1000" },
        { """ "BlkioWeight":1001 """, "blkio weight|1001|10 to 1000" },
        { """ "BlkioWeight":-1 """, "blkio weight|-1|10 to 1000" },
        { """ "BlkioWeightDevice":[{"Path":"/dev/sda","Weight":9}] """, "blkio weight|9|10 to 1000" },
        { """ "BlkioWeightDevice":[{"Path":"sda","Weight":500}] """, "device path|sda|absolute" },
        { """ "BlkioDeviceReadBps":[{"Path":"/dev/sda","Rate":0}] """, "rate|0|/dev/sda|more than 0" },
        { """ "BlkioDeviceWriteBps":[{"Path":"/dev/sda","Rate":-1}] """, "rate|-1|/dev/sda" },
        { """ "BlkioDeviceReadIOps":[{"Path":"","Rate":5}] """, "device path|absolute" },
        { """ "BlkioDeviceWriteIOps":[{"Rate":5}] """, "device path|absolute" },
        { """ "BlkioDeviceReadBps":[{"Path":"/dev/sda","Rate":"1mb"}] """, "HostConfig.BlkioDeviceReadBps[0].Rate|\"1mb\"|whole number" },
        { """ "BlkioDeviceReadBps":[null] """, "HostConfig.BlkioDeviceReadBps[0]|null" },

        // devices
        { """ "Devices":[{"PathOnHost":"dev/null"}] """, "device path|dev/null|absolute" },
        { """ "Devices":[{}] """, "device path|absolute" },
        { """ "Devices":[{"PathOnHost":"/dev/null","PathInContainer":"dev/x"}] """, "device path|dev/x|absolute" },
        { """ "Devices":[{"PathOnHost":"/dev/null","CgroupPermissions":"rwx"}] """, "device mode|rwx|r, w and m" },
        { """ "DeviceCgroupRules":["c 1"] """, "device cgroup rule|c 1|c 42:* rmw" },
        { """ "DeviceCgroupRules":["z 1:1 rwm"] """, "device cgroup rule|z 1:1 rwm" },
        { """ "DeviceCgroupRules":["c a:b rwm"] """, "device cgroup rule|c a:b rwm" },
        { """ "DeviceCgroupRules":["c 1:1 q"] """, "device cgroup rule|c 1:1 q" },
        { """ "DeviceCgroupRules":["c 99999999999999999999:1 rwm"] """, "device cgroup rule|99999999999999999999" },
        { """ "DeviceCgroupRules":[""] """, "device cgroup rule" },
        { """ "DeviceRequests":[{"Driver":"nosuch","Count":-1,"Capabilities":[["gpu"]]}] """, "device driver|nosuch|gpu" },

        // limits of processes
        { """ "Ulimits":[{"Name":"bogus","Soft":1,"Hard":1}] """, "invalid ulimit type|bogus|nofile" },
        { """ "Ulimits":[{"Soft":1,"Hard":1}] """, "invalid ulimit type" },
        { """ "Ulimits":[{"Name":"nofile","Soft":2,"Hard":1}] """, "ulimit soft limit must be less than or equal to hard limit|2|1" },
        { """ "Ulimits":[{"Name":"nofile","Soft":-1,"Hard":1}] """, "ulimit soft limit must be less than or equal to hard limit" },
        { """ "Ulimits":[{"Name":"nofile","Soft":-2,"Hard":-2}] """, "ulimit|nofile|-2|-1" },
        { """ "Ulimits":[{"Name":"nofile","Soft":"many","Hard":1}] """, "HostConfig.Ulimits[0].Soft|\"many\"" },
        { """ "Ulimits":{"nofile":1} """, "HostConfig.Ulimits|array" },

        // security
        { """ "CapAdd":["BOGUS"] """, "CapAdd|unknown capability|BOGUS" },
        { """ "CapDrop":["CAP_BOGUS"] """, "CapDrop|unknown capability|CAP_BOGUS" },
        { """ "CapAdd":[""] """, "CapAdd|unknown capability" },
        { """ "CapAdd":"SYS_ADMIN" """, "HostConfig.CapAdd|\"SYS_ADMIN\"|array" },
        { """ "SecurityOpt":["bogus=1"] """, "security-opt|bogus=1" },
        { """ "SecurityOpt":["no-new-privileges=maybe"] """, "no-new-privileges=maybe|true or false" },
        { """ "SecurityOpt":["seccomp={"] """, "seccomp" },
        { """ "SecurityOpt":["systempaths=confined"] """, "systempaths=confined" },
        { """ "SecurityOpt":[""] """, "security-opt" },
        { """ "MaskedPaths":["proc/kcore"] """, "proc/kcore|absolute" },
        { """ "ReadonlyPaths":["proc/sys"] """, "proc/sys|absolute" },
        { """ "Privileged":"no" """, "HostConfig.Privileged|\"no\"|true or false" },
        { """ "GroupAdd":["a\u0000b"] """, "HostConfig.GroupAdd|NUL" },
        { """ "GroupAdd":[""] """, "HostConfig.GroupAdd|\"\"" },
        { """ "GroupAdd":["99999999999"] """, "HostConfig.GroupAdd|99999999999|2147483647" },

        // namespaces
        { """ "PidMode":"bogus" """, "HostConfig.PidMode|bogus|host" },
        { """ "PidMode":"container:" """, "HostConfig.PidMode|container:" },
        { """ "IpcMode":"bogus" """, "HostConfig.IpcMode|bogus|shareable" },
        { """ "UTSMode":"container:x" """, "HostConfig.UTSMode|container:x|host" },
        { """ "CgroupnsMode":"bogus" """, "HostConfig.CgroupnsMode|bogus|private" },
        { """ "UsernsMode":"bogus" """, "HostConfig.UsernsMode|bogus|host" },
        { """ "NetworkMode":"container:" """, "HostConfig.NetworkMode|container:" },
        { """ "Cgroup":"container:x" """, "HostConfig.Cgroup" },
        { """ "CgroupParent":"a/../../b" """, "HostConfig.CgroupParent|a/../../b|.." },
        { """ "CgroupParent":"my.slice" """, "HostConfig.CgroupParent|my.slice" },
        { """ "CgroupParent":"/a\u0000b" """, "HostConfig.CgroupParent|NUL" },

        // kernel parameters
        { """ "Sysctls":{"kernel.panic":"1"} """, "sysctl|kernel.panic|namespace" },
        { """ "NetworkMode":"host","Sysctls":{"net.core.somaxconn":"1"} """, "sysctl|net.core.somaxconn|host network" },
        { """ "IpcMode":"host","Sysctls":{"kernel.msgmax":"1"} """, "sysctl|kernel.msgmax|host ipc" },
        { """ "Sysctls":{"net.ipv4/../../kernel/panic":"1"} """, "sysctl|net.ipv4/../../kernel/panic" },
        { """ "Sysctls":{"":"1"} """, "sysctl" },
        { """ "Sysctls":{"net.core.somaxconn":"1\u0000"} """, "Sysctls|net.core.somaxconn|NUL" },
        { """ "Sysctls":{"net.core.somaxconn":1024} """, "HostConfig.Sysctls|1024|text" },

        // when it restarts
        { """ "RestartPolicy":{"Name":"sometimes"} """, "restart policy|sometimes|on-failure" },
        { """ "RestartPolicy":{"Name":"on-failure","MaximumRetryCount":-1} """, "maximum retry count cannot be negative|-1" },
        { """ "RestartPolicy":{"Name":"always","MaximumRetryCount":3} """, "maximum retry count can only be used with 'on-failure'|3" },
        { """ "RestartPolicy":{"MaximumRetryCount":3} """, "maximum retry count can only be used with 'on-failure'|3" },
        { """ "RestartPolicy":{"Name":"always"},"AutoRemove":true """, "AutoRemove|restart policy" },
        { """ "RestartPolicy":"always" """, "HostConfig.RestartPolicy|\"always\"|object" },

        // logs
        { """ "LogConfig":{"Type":"splunk"} """, "log driver|splunk|json-file" },
        { """ "LogConfig":{"Type":"json-file","Config":{"bogus":"1"}} """, "unknown log opt|bogus|json-file|max-size" },
        { """ "LogConfig":{"Type":"json-file","Config":{"max-size":"big"}} """, "max-size|big|10m" },
        { """ "LogConfig":{"Type":"json-file","Config":{"max-size":"-5"}} """, "max-size|-5" },
        { """ "LogConfig":{"Type":"json-file","Config":{"max-file":"0"}} """, "max-file|0|at least 1" },
        { """ "LogConfig":{"Type":"json-file","Config":{"max-size":"1m","max-file":"x"}} """, "max-file|x" },
        { """ "LogConfig":{"Type":"json-file","Config":{"max-file":"3"}} """, "max-file|3|max-size" },
        { """ "LogConfig":{"Type":"json-file","Config":{"compress":"maybe"}} """, "compress|maybe|true" },
        { """ "LogConfig":{"Type":"json-file","Config":{"mode":"fast"}} """, "mode" },

        // mounts
        { """ "Binds":[""] """, "invalid volume specification" },
        { """ "Binds":["/a:"] """, "invalid volume specification|/a:" },
        { """ "Binds":["/a:b"] """, "invalid volume specification|/a:b|absolute" },
        { """ "Binds":["/a:/"] """, "invalid volume specification|/a:/|'/'" },
        { """ "Binds":["/a:/b:bogus"] """, "invalid mode|bogus" },
        { """ "Binds":["/a:/b:ro,rw"] """, "invalid mode|ro,rw" },
        { """ "Binds":["/a:/b:ro:x"] """, "invalid volume specification|/a:/b:ro:x" },
        { """ "Binds":["vol!ume:/b"] """, "vol!ume|[a-zA-Z0-9]" },
        { """ "Binds":["vol:/b:rshared"] """, "invalid volume specification|vol:/b:rshared" },
        { """ "Binds":["/a:/b:nocopy"] """, "invalid volume specification|/a:/b:nocopy" },
        { """ "Binds":["/tmp:/b","/var:/b"] """, "Duplicate mount point|/b" },
        { """ "Binds":["/a\u0000:/b"] """, "NUL" },
        { """ "Binds":"/a:/b" """, "HostConfig.Binds|\"/a:/b\"|array" },
        { """ "Mounts":[{"Type":"bogus","Target":"/a"}] """, "invalid mount config|bogus|bind" },
        { """ "Mounts":[{"Type":"volume"}] """, "invalid mount config|volume|Target must not be empty" },
        { """ "Mounts":[{"Type":"volume","Target":"a"}] """, "invalid mount config|volume|'a'|absolute" },
        { """ "Mounts":[{"Type":"volume","Target":"/"}] """, "invalid mount config|volume|'/'" },
        { """ "Mounts":[{"Type":"volume","Source":"a/b","Target":"/a"}] """, "a/b|[a-zA-Z0-9]" },
        { """ "Mounts":[{"Type":"bind","Target":"/a"}] """, "invalid mount config|bind|Source must not be empty" },
        { """ "Mounts":[{"Type":"bind","Source":"rel","Target":"/a"}] """, "invalid mount config|bind|'rel'|absolute" },
        { """ "Mounts":[{"Type":"bind","Source":"/tmp","Target":"/a","BindOptions":{"Propagation":"wide"}}] """, "invalid mount config|bind|wide" },
        { """ "Mounts":[{"Type":"bind","Source":"/tmp","Target":"/a","VolumeOptions":{}}] """, "invalid mount config|bind|VolumeOptions must not be specified" },
        { """ "Mounts":[{"Type":"volume","Source":"v","Target":"/a","BindOptions":{}}] """, "invalid mount config|volume|BindOptions must not be specified" },
        { """ "Mounts":[{"Type":"volume","Source":"v","Target":"/a","VolumeOptions":{"Subpath":"../x"}}] """, "../x" },
        { """ "Mounts":[{"Type":"tmpfs","Source":"x","Target":"/a"}] """, "invalid mount config|tmpfs|Source must not be specified" },
        { """ "Mounts":[{"Type":"tmpfs","Target":"/a","TmpfsOptions":{"SizeBytes":-1}}] """, "invalid mount config|tmpfs|-1" },
        { """ "Mounts":[{"Type":"tmpfs","Target":"/a","TmpfsOptions":{"Mode":-1}}] """, "invalid mount config|tmpfs|-1" },
        { """ "Mounts":[{"Type":"tmpfs","Target":"/a","TmpfsOptions":{"Options":[["bogus"]]}}] """, "tmpfs option|bogus" },
        { """ "Mounts":[{"Type":"volume","Target":7}] """, "HostConfig.Mounts[0].Target|7|text" },
        { """ "Tmpfs":{"relative":""} """, "relative|absolute" },
        { """ "Tmpfs":{"/":""} """, "'/'" },
        { """ "Tmpfs":{"/a":"bogus"} """, "tmpfs option|bogus" },
        { """ "Tmpfs":{"/a":"size=lots"} """, "tmpfs option|size=lots" },
        { """ "Tmpfs":{"/a":"mode=rwx"} """, "tmpfs option|mode=rwx" },
        { """ "Tmpfs":{"/a":"uid=root"} """, "tmpfs option|uid=root" },
        { """ "VolumesFrom":["name:bogus"] """, "invalid mode|bogus|ro or rw" },
        { """ "VolumesFrom":[""] """, "volumes-from|empty" },

        // networks
        { """ "PortBindings":{"80/tcp":[{"HostPort":"99999"}]} """, "99999" },
        { """ "PortBindings":{"80/tcp":[{"HostPort":"http"}]} """, "http" },
        { """ "PortBindings":{"80/tcp":[{"HostPort":"-1"}]} """, "-1" },
        { """ "PortBindings":{"80/tcp":[{"HostIp":"300.1.1.1","HostPort":"8080"}]} """, "300.1.1.1" },
        { """ "PortBindings":{"80/carrier":[{"HostPort":"8080"}]} """, "80/carrier" },
        { """ "PortBindings":{"http":[{"HostPort":"8080"}]} """, "http" },
        { """ "PortBindings":{"0/tcp":[{"HostPort":"8080"}]} """, "0" },
        { """ "PortBindings":{"80/tcp":[{"HostPort":8080}]} """, "HostPort|8080|text" },
        { """ "PortBindings":{"80/tcp":{"HostPort":"8080"}} """, "PortBindings|array" },
        { """ "Dns":["nowhere"] """, "HostConfig.Dns|nowhere|IP address" },
        { """ "Dns":["1.2.3.4\nnameserver 6.6.6.6"] """, "HostConfig.Dns|IP address" },
        { """ "DnsSearch":["a b"] """, "HostConfig.DnsSearch|a b" },
        { """ "DnsSearch":["a\nnameserver 6.6.6.6"] """, "HostConfig.DnsSearch" },
        { """ "DnsOptions":["ndots:1\nnameserver 6.6.6.6"] """, "HostConfig.DnsOptions" },
        { """ "DnsOptions":["two words"] """, "HostConfig.DnsOptions|two words" },
        { """ "ExtraHosts":["name"] """, "add-host|name" },
        { """ "ExtraHosts":["name:nowhere"] """, "add-host|name:nowhere" },
        { """ "ExtraHosts":[":1.2.3.4"] """, "add-host|:1.2.3.4" },
        { """ "ExtraHosts":["two words:1.2.3.4"] """, "ExtraHosts|two words" },
        { """ "ExtraHosts":["a\n6.6.6.6 b:1.2.3.4"] """, "ExtraHosts" },
        { """ "NetworkMode":"container:x","PublishAllPorts":true """, "conflicting options|port publishing" },
        { """ "NetworkMode":"container:x","Dns":["1.1.1.1"] """, "conflicting options|dns" },
        { """ "NetworkMode":"container:x","ExtraHosts":["a:1.1.1.1"] """, "conflicting options|host-to-IP" },

        // the rest
        { """ "Runtime":"nosuch" """, "unknown or invalid runtime name: nosuch" },
        { """ "VolumeDriver":"nosuch" """, "VolumeDriver|nosuch|local" },
        { """ "Annotations":{"":"x"} """, "Annotations|empty" },
        { """ "Annotations":{"a":1} """, "HostConfig.Annotations|1|text" },
        { """ "ConsoleSize":[1,2,3] """, "HostConfig.ConsoleSize|[height, width]" },
        { """ "ConsoleSize":[-1,80] """, "HostConfig.ConsoleSize|[height, width]" },
        { """ "ConsoleSize":[24] """, "HostConfig.ConsoleSize|[height, width]" },
        { """ "ReadonlyRootfs":"yes" """, "HostConfig.ReadonlyRootfs|\"yes\"|true or false" },
        { """ "AutoRemove":1 """, "HostConfig.AutoRemove|1|true or false" },
    };

    [Theory]
    [MemberData(nameof(Hosts))]
    public Task HostConfig_ThatCannotBe_IsRefused(string members, string words)
        => RefusesAsync(HttpMethod.Post, "/containers/create", $$"""{"Image":"busybox","Cmd":["true"],"HostConfig":{ {{members}} } }""", words);

    /// <summary>Members of an endpoint, its network's name, and what the message says.</summary>
    public static TheoryData<string, string, string> Endpoints => new()
    {
        { "net", """ "IPAMConfig":{"IPv4Address":"nowhere"} """, "nowhere" },
        { "net", """ "IPAMConfig":{"IPv6Address":"1.2.3.4.5"} """, "1.2.3.4.5" },
        { "bridge", """ "IPAMConfig":{"IPv4Address":"10.0.0.9"} """, "user specified IP address is supported on user defined networks only" },
        { "bridge", """ "MacAddress":"bogus" """, "MAC address|bogus" },
        { "bridge", """ "Aliases":"one" """, "Aliases|\"one\"|array" },
        { "bridge", """ "GwPriority":"high" """, "GwPriority|\"high\"|whole number" },
    };

    [Theory]
    [MemberData(nameof(Endpoints))]
    public Task Endpoint_ThatCannotBe_IsRefused(string network, string members, string words)
        => RefusesAsync(
            HttpMethod.Post, "/containers/create",
            $$$"""{"Image":"busybox","Cmd":["true"],"HostConfig":{"NetworkMode":"{{{network}}}"},"NetworkingConfig":{"EndpointsConfig":{"{{{network}}}":{ {{{members}}} } } } }""", words);

    [Theory]
    [InlineData("?name=-x", "Invalid container name (-x)|[a-zA-Z0-9]")]
    [InlineData("?name=a%2Fb", "Invalid container name (a/b)|[a-zA-Z0-9]")]
    [InlineData("?name=x", "Invalid container name (x)|[a-zA-Z0-9]")]
    [InlineData("?name=a%20b", "Invalid container name (a b)|[a-zA-Z0-9]")]
    [InlineData("?name=%C3%A9t%C3%A9", "Invalid container name (été)|[a-zA-Z0-9]")]
    [InlineData("?platform=a/b/c/d", "a/b/c/d")]
    [InlineData("?platform=linux/", "linux/")]
    public Task Query_ThatCannotBe_IsRefused(string query, string words)
        => RefusesAsync(HttpMethod.Post, "/containers/create" + query, """{"Image":"busybox","Cmd":["true"]}""", words);

    [Theory]
    [InlineData("{", "JSON")]
    [InlineData("[]", "[]|object")]
    [InlineData("\"text\"", "\"text\"|object")]
    [InlineData("null", "config cannot be empty")]
    [InlineData("{\"Image\":\"busybox\"} {}", "JSON")]
    [InlineData("{\"Cmd\":[\"true\"]}", "Image")]
    [InlineData("{\"Image\":\"\"}", "Image")]
    [InlineData("{\"Image\":7}", "Image|7|text")]
    [InlineData("{\"Image\":\"busybox/UPPER\"}", "busybox/UPPER")]
    [InlineData("{\"Image\":\"busy box\"}", "busy box")]
    [InlineData("{\"Image\":\"busybox:\"}", "busybox:")]
    [InlineData("{\"Image\":\"busybox\",\"HostConfig\":[]}", "HostConfig|[]|object")]
    [InlineData("{\"Image\":\"busybox\",\"HostConfig\":\"x\"}", "HostConfig|\"x\"|object")]
    [InlineData("{\"Image\":\"busybox\",\"NetworkingConfig\":{\"EndpointsConfig\":[]}}", "NetworkingConfig.EndpointsConfig|object")]
    public Task Body_ThatCannotBe_IsRefused(string body, string words) => RefusesAsync(HttpMethod.Post, "/containers/create", body, words);

    [Fact]
    public Task Body_OfAnotherType_IsRefused()
        => RefusesAsync(HttpMethod.Post, "/containers/create", """{"Image":"busybox"}""", "Content-Type|text/plain|application/json", "text/plain");

    [Fact]
    public Task Body_OfNineMebibytes_IsRefused()
        => RefusesAsync(HttpMethod.Post, "/containers/create", $$"""{"Image":"busybox","Labels":{"a":"{{new string('x', 9 << 20)}}"} }""", "8 MiB");
}
