using System.Text;
using Berth.Daemon.Hosting;

namespace Berth.Daemon.Tests.Hosting;

/// <summary>The configuration file, for those who come from dockerd with theirs.</summary>
public sealed class ConfigurationTests
{
    /// <summary>Every key that dockerd 28 reads from daemon.json, with those that earlier ones read.</summary>
    private static readonly string[] DockerKeys =
    [
        "allow-direct-routing", "allow-nondistributable-artifacts", "api-cors-header", "authorization-plugins", "bip", "bip6", "bridge", "bridge-accept-fwmark", "builder", "cdi-spec-dirs", "cgroup-parent",
        "cluster-advertise", "cluster-store", "cluster-store-opts", "containerd", "containerd-namespace", "containerd-plugins-namespace", "cri-containerd", "data-root", "debug",
        "default-cgroupns-mode", "default-gateway", "default-gateway-v6", "default-ipc-mode", "default-network-opts", "default-runtime", "default-shm-size", "default-ulimits", "deprecated-key-path",
        "dns", "dns-opts", "dns-search", "exec-opts", "exec-root", "experimental", "features", "firewall-backend", "fixed-cidr", "fixed-cidr-v6", "group", "host-gateway-ip", "host-gateway-ips", "hosts",
        "icc", "init", "init-path", "insecure-registries", "ip", "ip-forward", "ip-forward-no-drop", "ip-masq", "ip6tables", "iptables", "ipv6", "labels", "live-restore", "log-driver", "log-format",
        "log-level", "log-opts", "max-concurrent-downloads", "max-concurrent-uploads", "max-download-attempts", "metrics-addr", "mtu", "network-control-plane-mtu", "no-new-privileges",
        "node-generic-resources", "oom-score-adjust", "pidfile", "proxies", "raw-logs", "registry-mirrors", "rootless", "runtimes", "seccomp-profile", "selinux-enabled", "shutdown-timeout",
        "storage-driver", "storage-opts", "swarm-default-advertise-addr", "tls", "tlscacert", "tlscert", "tlskey", "tlsverify", "userland-proxy", "userland-proxy-path", "userns-remap",
    ];

    [Fact]
    public void EveryKeyOfDockerd_IsHonouredSettledOrRefusedWithAReason()
        => Assert.All(DockerKeys, key => Assert.True(OptionTable.All.Any(option => option.Key == key) || OptionTable.NotHere.ContainsKey(key), key));

    [Fact]
    public void Apply_WhatDockerdsFilesHave_SetsOptions()
    {
        var options = Apply("""
            {
              "default-ulimits": {"nofile": {"Name": "nofile", "Hard": 64000, "Soft": 32000}, "nproc": {"name": "nproc", "soft": -1, "hard": -1}},
              "runtimes": {"crun": {"path": "/usr/bin/crun", "runtimeArgs": ["--debug", "--systemd-cgroup=false"]}},
              "proxies": {"http-proxy": "http://proxy:3128", "https-proxy": "", "no-proxy": "localhost,.lan"},
              "features": {"cdi": false},
              "cdi-spec-dirs": ["/srv/cdi"],
              "default-ipc-mode": "shareable", "default-cgroupns-mode": "private",
              "userns-remap": "default", "cgroup-parent": "group",
              "live-restore": true, "storage-driver": "overlay2", "iptables": true, "userland-proxy": false, "exec-opts": ["native.cgroupdriver=cgroupfs"]
            }
            """);

        Assert.Equal((32000, 64000), options.DefaultUlimits["nofile"]);
        Assert.Equal((-1, -1), options.DefaultUlimits["nproc"]);
        Assert.Equal(["--debug", "--systemd-cgroup=false"], options.RuntimeArguments["crun"]);
        Assert.Equal(("http://proxy:3128", "", "localhost,.lan"), (options.HttpProxy, options.HttpsProxy, options.NoProxy));
        Assert.False(options.Features["cdi"]);
        Assert.Equal(["/srv/cdi"], options.CdiSpecDirs);
        Assert.Equal(("shareable", "private", "default", "/group"), (options.DefaultIpcMode, options.DefaultCgroupnsMode, options.UsernsRemap, options.CgroupParent));
    }

    [Theory]
    [InlineData("""{"default-ulimits":{"nofil":{"Soft":1}}}""", "no limit of setrlimit")]
    [InlineData("""{"default-ulimits":{"nofile":{"Soft":2,"Hard":1}}}""", "must not be above")]
    [InlineData("""{"default-ulimits":{"nofile":{"Name":"core","Soft":2}}}""", "must be \"nofile\" too")]
    [InlineData("""{"default-ulimits":{"nofile":{"Sofd":2}}}""", "known are Name, Soft and Hard")]
    [InlineData("""{"default-ulimits":{"nofile":{}}}""", "needs Soft or Hard")]
    [InlineData("""{"default-ulimits":[]}""", "must be an object")]
    [InlineData("""{"runtimes":{"crun":{}}}""", "needs a \"path\"")]
    [InlineData("""{"runtimes":{"crun":{"path":"crun"}}}""", "absolute path")]
    [InlineData("""{"runtimes":{"crun":{"path":"/crun","runtimeType":"io.containerd.runc.v2"}}}""", "containerd's shims")]
    [InlineData("""{"runtimes":{"crun":{"path":"/crun","args":[]}}}""", "known are \"path\" and \"runtimeArgs\"")]
    [InlineData("""{"runtimes":{"crun":{"path":"/crun","runtimeArgs":"x"}}}""", "array of strings")]
    [InlineData("""{"proxies":{"ftp-proxy":"x"}}""", "known are http-proxy")]
    [InlineData("""{"features":{"cdl":true}}""", "did you mean \"cdi\"?")]
    [InlineData("""{"features":{"cdi":"maybe"}}""", "true or false")]
    [InlineData("""{"default-ipc-mode":"host"}""", "private or shareable")]
    [InlineData("""{"default-cgroupns-mode":"none"}""", "private or host")]
    [InlineData("""{"userns-remap":"a:b:c"}""", "user or user:group")]
    [InlineData("""{"userns-pool":"0:65536"}""", "first:count")]
    [InlineData("""{"userns-pool":"2147480000:65536"}""", "first:count")]
    [InlineData("""{"storage-driver":"btrfs"}""", "must be overlay2")]
    [InlineData("""{"exec-opts":["native.cgroupdriver=systemd"]}""", "never through systemd")]
    [InlineData("""{"cgroup-parent":"machine.slice"}""", "systemd cgroup driver")]
    [InlineData("""{"cgroup-parent":"/a/../b"}""", "without \"..\"")]
    [InlineData("""{"registry-mirrors":["mirror.example"]}""", "https://mirror.example")]
    [InlineData("""{"metrics-addr":"0.0.0.0:1"}""", "no metrics endpoint")]
    [InlineData("""{"debug":true,"debug":false}""", "/etc/x.json")]
    [InlineData("""{"mtu":70000}""", "/etc/x.json: invalid mtu")]
    [InlineData("""{"labels":[1,null]}""", "must be")]
    public void Apply_Wrong_NamesTheFileAndWhatIsAllowed(string json, string words)
    {
        var message = Assert.Throws<OptionException>(() => Apply(json)).Message;

        Assert.Contains(words, message, StringComparison.Ordinal);
        Assert.StartsWith("/etc/x.json", message, StringComparison.Ordinal);
    }

    [Fact]
    public void NeedingRestart_NamesChangedKeysThatDoNotReload()
    {
        var now = Apply("""{"mtu":1400,"debug":true,"bip":"10.1.0.1/24","live-restore":true}""");
        var read = Apply("""{"mtu":1500,"debug":false,"data-root":"/x","bip":"10.1.0.1/24"}""");

        Assert.Equal(["data-root", "mtu"], ConfigurationReload.NeedingRestart(now, read));
    }

    [Fact]
    public void Reloaded_TakesOverNothingThatNeedsAStart()
    {
        var next = new DaemonOptions().Reloaded(Apply("""{"mtu":1400,"labels":["a=b"],"data-root":"/x","log-level":"error"}"""));

        Assert.Equal((0, "/var/lib/berth"), (next.Mtu, next.DataRoot));
        Assert.Equal(["a=b"], next.Labels);
        Assert.Equal(Microsoft.Extensions.Logging.LogLevel.Error, next.LogLevel);
    }

    private static DaemonOptions Apply(string json) => ConfigurationFile.Apply(new DaemonOptions(), Encoding.UTF8.GetBytes(json), "/etc/x.json", []);
}
