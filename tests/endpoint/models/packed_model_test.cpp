// Model `packed` at its task, on programs that it has not been trained on: this test's own code.
#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "endpoint/models/model_host.h"
#include "endpoint/models/samples.h"

namespace firebreak::endpoint::models {
namespace {

constexpr size_t kPrograms = 100;

Model load(const std::string& name) {
    return std::get<Model>(Model::load(test::model_path(name).string(), test::model_bytes(name)));
}

float score(const Model& model, const base::Bytes& program) {
    return std::get<float>(model.score(features_of(program)));
}

class PackedModel : public testing::TestWithParam<const char*> {
  protected:
    const Model model_ = load(GetParam());
};

TEST_P(PackedModel, TellsEncryptedProgramsFromPlainOnes) {
    size_t found = 0, false_positives = 0, in_order = 0;
    std::vector<float> plain, encrypted;
    for (size_t n = 0; n < kPrograms; ++n) {
        plain.push_back(score(model_, test::plain_program(n)));
        encrypted.push_back(score(model_, test::encrypted_program(n)));
        false_positives += plain.back() >= model_.threshold() ? 1 : 0;
        found += encrypted.back() >= model_.threshold() ? 1 : 0;
    }
    for (const float above : encrypted) {
        in_order += static_cast<size_t>(
            std::ranges::count_if(plain, [&](float below) { return below < above; }));
    }
    EXPECT_GE(found, kPrograms * 95 / 100);
    EXPECT_LE(false_positives, kPrograms * 5 / 100);
    EXPECT_GE(static_cast<double>(in_order), 0.98 * kPrograms * kPrograms);  // the AUC
}

TEST_P(PackedModel, CallsItselfPlain) {
    for (const char* name : {"packed", "packed-next"}) {
        EXPECT_LT(score(model_, test::model_bytes(name)), model_.threshold()) << name;
    }
}

// Strict mode kills at every system call but read, write and the end of the thread.
TEST_P(PackedModel, ScoresWithoutASystemCall) {
    const FeatureVector plain = features_of(test::plain_program(0));
    const FeatureVector encrypted = features_of(test::encrypted_program(0));
    const pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
        const bool right = std::get<float>(model_.score(plain)) < model_.threshold() &&
                           std::get<float>(model_.score(encrypted)) >= model_.threshold();
        syscall(SYS_exit, right ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST_P(PackedModel, RefusesFeaturesThatAreNotFinite) {
    for (const float value : {NAN, INFINITY}) {
        FeatureVector features{};
        features[3] = value;
        const auto scored = model_.score(features);
        const auto* refusal = std::get_if<ModelRefusal>(&scored);
        ASSERT_NE(refusal, nullptr);
        EXPECT_EQ(refusal->evidence.back(), (std::pair<std::string, std::string>{"status", "1"}));
    }
}

INSTANTIATE_TEST_SUITE_P(Versions, PackedModel, testing::Values("packed", "packed-next"),
                         [](const auto& version) {
                             return std::string(version.index == 0 ? "Live" : "Next");
                         });

// The build has made it a second time, elsewhere.
TEST(ModelBuild, GivesTheSameBytesAgain) {
    const auto again = base::read_file(FIREBREAK_MODEL_BUILT_AGAIN, kMaxModelBytes);
    ASSERT_TRUE(again.ok()) << again.error().text();
    EXPECT_EQ(*again, test::model_bytes("packed"));
}

}  // namespace
}  // namespace firebreak::endpoint::models
